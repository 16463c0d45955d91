//! The command line, from outside.

#[cfg(test)]
mod addresses;
#[cfg(test)]
mod cases;
#[cfg(test)]
mod emulate;
#[cfg(test)]
mod explain;
#[cfg(test)]
mod import;
#[cfg(test)]
mod investigation;
#[cfg(test)]
mod lists;
#[cfg(test)]
mod meta;
#[cfg(test)]
mod passwords;
#[cfg(test)]
mod playbooks;
#[cfg(test)]
mod policies;
#[cfg(test)]
mod readme;
#[cfg(test)]
mod remediation;
#[cfg(test)]
mod simulate;
#[cfg(test)]
mod support;
#[cfg(test)]
mod unfinished;
