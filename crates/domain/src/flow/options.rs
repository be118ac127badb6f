//! Which of the offered answers a typed reply means.

use super::{document::ChoiceOption, value::folded};

/// The option that a reply means: by value or label without regard to case, else by number.
///
/// A number counts as the place in the list, unless labels begin with numbers that small themselves: `2` to
/// "0 / 1 / 2 or more" is the last answer, not the second. Then it must be the number that one label begins with.
pub(super) fn meant<'a>(options: &'a [ChoiceOption], reply: &str) -> Option<&'a ChoiceOption> {
    let reply = folded(reply);
    let named = |text: &dyn Fn(&'a ChoiceOption) -> &'a str| {
        options.iter().find(|option| folded(text(option)) == reply)
    };
    named(&|option| &option.value)
        .or_else(|| named(&|option| option.shown()))
        .or_else(|| numbered(options, &reply))
}

fn numbered<'a>(options: &'a [ChoiceOption], reply: &str) -> Option<&'a ChoiceOption> {
    let digits = reply.trim_end_matches(['.', ')']);
    let number: usize = digits.bytes().all(|b| b.is_ascii_digit()).then(|| digits.parse().ok())??;
    let leading: Vec<Option<usize>> = options.iter().map(|option| leading_number(option.shown())).collect();
    if leading.iter().flatten().all(|&n| n > options.len()) {
        return options.get(number.checked_sub(1)?);
    }
    let mut places = (0..options.len()).filter(|&place| leading[place] == Some(number));
    let place = places.next()?;
    places.next().is_none().then(|| &options[place])
}

/// The number that a label begins with.
fn leading_number(label: &str) -> Option<usize> {
    let label = label.trim_start();
    let end = label.find(|c: char| !c.is_ascii_digit()).unwrap_or(label.len());
    label[..end].parse().ok()
}
