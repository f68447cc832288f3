//! The three real browsers, as far as they are installed.

mod measured;
mod origins;
mod tab;
