//! The pages of webhooks as members of every role get them.
