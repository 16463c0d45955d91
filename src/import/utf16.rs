//! Turns UTF-16 into UTF-8 while reading: what `>` of Windows PowerShell writes.

use std::io::{self, BufRead, Read};

/// The order of the two bytes of a unit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Order {
    LittleEndian,
    BigEndian,
}

impl Order {
    /// Told by the mark at the beginning, or by the zero byte that every ASCII character has.
    pub fn of(head: &[u8]) -> Option<Self> {
        match head {
            [0xFF, 0xFE, ..] => Some(Order::LittleEndian),
            [0xFE, 0xFF, ..] => Some(Order::BigEndian),
            [first, 0, second, 0, ..] if *first != 0 && *second != 0 => Some(Order::LittleEndian),
            [0, first, 0, second, ..] if *first != 0 && *second != 0 => Some(Order::BigEndian),
            _ => None,
        }
    }
}

/// Reads UTF-16 as UTF-8. A half of a pair that has no other half becomes the replacement character.
pub(super) struct Utf16<R> {
    reader: R,
    order: Order,
    high: Option<u16>,
    ready: Vec<u8>,
    taken: usize,
}

impl<R: BufRead> Utf16<R> {
    pub fn new(reader: R, order: Order) -> Self {
        Utf16 { reader, order, high: None, ready: Vec::new(), taken: 0 }
    }

    fn put(&mut self, character: char) {
        if character != '\u{FEFF}' {
            self.ready.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
        }
    }

    fn unit(&mut self, unit: u16) {
        let units = [self.high.take(), Some(unit)];
        let mut units = units.into_iter().flatten().peekable();
        while let Some(unit) = units.next() {
            if (0xD800..0xDC00).contains(&unit) && units.peek().is_none() {
                self.high = Some(unit);
                return;
            }
            let pair = [unit, units.peek().copied().unwrap_or_default()];
            let decoded = char::decode_utf16(pair).next();
            match decoded {
                Some(Ok(character)) => {
                    if character.len_utf16() == 2 {
                        units.next();
                    }
                    self.put(character);
                }
                _ => self.put(char::REPLACEMENT_CHARACTER),
            }
        }
    }

    fn fill(&mut self) -> io::Result<()> {
        (self.taken, self.ready) = (0, Vec::new());
        while self.ready.len() < 8192 {
            let mut pair = [0; 2];
            match self.reader.read_exact(&mut pair) {
                Ok(()) => {}
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                    if self.high.take().is_some() {
                        self.put(char::REPLACEMENT_CHARACTER);
                    }
                    return Ok(());
                }
                Err(error) => return Err(error),
            }
            let unit = match self.order {
                Order::LittleEndian => u16::from_le_bytes(pair),
                Order::BigEndian => u16::from_be_bytes(pair),
            };
            self.unit(unit);
        }
        Ok(())
    }
}

impl<R: BufRead> Read for Utf16<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.taken == self.ready.len() {
            self.fill()?;
        }
        let mut rest = self.ready.get(self.taken..).unwrap_or_default();
        let read = rest.read(buffer)?;
        self.taken += read;
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn decoded(bytes: &[u8]) -> String {
        let mut text = String::new();
        Utf16::new(bytes, Order::of(bytes).unwrap()).read_to_string(&mut text).unwrap();
        text
    }

    #[test]
    fn lone_halves_are_replaced() {
        assert_eq!(decoded(&[0xFF, 0xFE, 0x41, 0, 0x00, 0xD8, 0x42, 0, 0x00, 0xDC]), "A\u{FFFD}B\u{FFFD}");
        assert_eq!(decoded(&[0xFF, 0xFE, 0x41, 0, 0x00, 0xD8, 0x00, 0xD8, 7]), "A\u{FFFD}\u{FFFD}");
    }

    proptest! {
        #[test]
        fn every_text_survives_both_orders(text in "[^\u{FEFF}]{0,50}") {
            let units = || "\u{FEFF}".encode_utf16().chain(text.encode_utf16());
            let little: Vec<u8> = units().flat_map(u16::to_le_bytes).collect();
            let big: Vec<u8> = units().flat_map(u16::to_be_bytes).collect();
            prop_assert_eq!(decoded(&little), text.clone());
            prop_assert_eq!(decoded(&big), text);
        }
    }
}
