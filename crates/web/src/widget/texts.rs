//! What the widget says by itself: the names by which a chatbot's settings replace it. `assets/widget.js` has the same
//! list, and a test here sees to it that both agree.

/// Name, built-in words, and where they stand.
pub(crate) const TEXTS: &[(&str, &str, &str)] = &[
    ("chat", "Chat", "Name of the panel"),
    ("open", "Open chat", "The round button"),
    ("close", "Close chat", "The button that folds the panel"),
    ("unread", "{n} new", "Beside the round button; {n} is a number"),
    ("online", "Online", "Somebody is there to answer"),
    ("away", "We reply as soon as we can", "Nobody is there"),
    ("queued", "Finding someone for you…", "An operator is called"),
    ("typing", "{name} is typing…", "An operator types; {name} is who"),
    ("you", "You", "Before the visitor's messages, for screen readers"),
    ("operator", "Support", "An operator without a name"),
    ("placeholder", "Write a message…", "In the empty field"),
    ("choices", "Answers to choose from", "Name of the buttons, for screen readers"),
    ("skip", "Skip", "Leaves out an optional question"),
    ("send", "Send", "The button that sends"),
    ("left", "{n} left", "Characters that still fit; {n} is a number"),
    ("tooLong", "Too long by {n}", "Characters too many; {n} is a number"),
    ("sending", "Sending…", "Below a message on its way"),
    ("unsent", "Not sent yet – will be sent", "Below a message that waits for the network"),
    ("failed", "Could not be sent", "Below a message that was refused"),
    ("offline", "You are offline. What you write is sent when you are back.", "Above the field"),
    ("trouble", "No connection. Trying again…", "Above the field"),
    (
        "unavailable",
        "This chat is not available right now.",
        "The chatbot cannot be reached or may not be used here",
    ),
    ("end", "End chat", "The button that ends the chat"),
    ("endAsk", "End this chat?", "The question before it ends"),
    ("endNo", "Keep chatting", "The other answer to it"),
    ("ended", "Chat ended", "Below the last message"),
    ("again", "Write a message to start a new chat.", "After the end"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn these_are_the_texts_of_the_widget() {
        let script = include_str!("../../assets/widget.js");
        let list = script.split("const texts = {").nth(1).unwrap().split("};").next().unwrap();
        let lines = list.lines().filter_map(|line| line.trim().trim_end_matches(',').split_once(": "));
        let there: Vec<(&str, &str)> = lines.map(|(name, text)| (name, text.trim_matches('\''))).collect();
        let here: Vec<(&str, &str)> = TEXTS.iter().map(|(name, text, _)| (*name, *text)).collect();
        assert_eq!(here, there);
    }
}
