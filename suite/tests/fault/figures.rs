//! How much, how fast, how small: what is measured while something goes wrong. These run one at a time, with nothing
//! beside them.

mod arrivals;
mod backlog;
mod hostile;
mod neighbours;
mod pace;
mod pages;
mod reports;
mod sign_ins;
mod widgets;
