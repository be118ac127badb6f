//! The journeys that a person makes, in a real browser. They come with the pages.
