//! The runs that the three templates are made for, each from the first word to what came of it.

mod car_quote;
mod saas_demo;
mod travel_desk;
