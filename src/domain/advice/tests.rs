//! Situations, one by one.
