//! The dashboard as members see it, in Chromium, against `leadpost serve` as a process.
//!
//! What a member does is done with clicks or with keys alone; scripts only look. [`crawl`] visits every page that there
//! is and asks of each what must hold for all of them; [`hostile`] puts hostile text wherever text can come from; [`gallery`]
//! takes pictures of every page in every state; the journeys tell what people come for.

mod crawl;
mod further;
mod gallery;
mod hostile;
mod house;
mod journeys;
mod member;
mod names;
mod seed;
mod watch;
