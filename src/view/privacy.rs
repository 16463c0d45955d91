//! Privacy mode on the finished screen: whatever was drawn, by whichever view, is masked here and nowhere else.

use ratatui::buffer::Buffer;

use crate::app::format::width;
use crate::domain::mask::Mask;

/// Puts aliases in place of everything that must not be seen.
pub fn hide(buffer: &mut Buffer, mask: &Mask) {
    let area = buffer.area;
    let columns = usize::from(area.width);
    let mut lines = Vec::new();
    let mut places = Vec::new();
    for row in buffer.content.chunks(columns.max(1)) {
        let mut letters: Vec<char> = Vec::new();
        let mut columns_of: Vec<usize> = Vec::new();
        let mut taken = 0;
        for (column, cell) in row.iter().enumerate() {
            // The columns behind a wide letter are its own.
            if column < taken {
                continue;
            }
            taken = column + width(cell.symbol()).max(1);
            for letter in cell.symbol().chars() {
                letters.push(letter);
                columns_of.push(column);
            }
        }
        columns_of.push(taken.min(columns));
        lines.push(letters);
        places.push(columns_of);
    }
    for found in mask.find(&lines) {
        let Some(columns_of) = places.get(found.line) else { continue };
        let Some((from, to)) = columns_of.get(found.from).copied().zip(columns_of.get(found.to).copied()) else { continue };
        let Some(row) = buffer.content.chunks_mut(columns.max(1)).nth(found.line) else { continue };
        let free = row.iter().skip(to).take_while(|cell| cell.symbol() == " ").count();
        // The space between this and what follows stays.
        let alias = found.alias.fitted(to - from + free.saturating_sub(1));
        let mut letters = alias.chars();
        for (column, cell) in row.iter_mut().enumerate().skip(from) {
            match letters.next() {
                Some(letter) => cell.set_char(letter),
                None if column < to => cell.set_char(' '),
                None => break,
            };
        }
    }
}
