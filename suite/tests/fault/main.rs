//! What survives: the real binary, killed, stopped, copied and cheated on, under load.
//!
//! Three ledgers are compared after every scenario: what clients were told ([`load::Book`]), what receivers got
//! ([`inbox::Inbox`]), and what the server itself shows. They are written down and compared by a program of its own
//! ([`judge`]). These tests run real processes and so wait in real time, but for conditions, never for a time alone.
//!
//! And what the guard lets out: [`ssrf`] runs in a network without an outside ([`honeypot`]), in which whatever is
//! connected to is counted.
//!
//! `LEADPOST_BIN` names the binary. `LEADPOST_FAULT` is `short` (a few minutes in all) or `long`. The instants of
//! kills follow from a seed that is printed; `LEADPOST_FAULT_SEED` repeats one. `LEADPOST_FAULT_KILLS=1000` kills the
//! server under load so often on each engine, whatever the form.

mod arrival;
mod backup;
mod bounds;
mod child;
mod clock;
mod commands;
mod disk;
mod disk_full;
mod dns;
mod durable;
mod eio;
mod figures;
mod form;
mod honeypot;
mod inbox;
mod judge;
mod kill;
mod ledger;
mod load;
mod pause;
mod power;
mod scene;
mod sinks;
mod ssrf;
mod stop;
mod trace;
mod wire;
