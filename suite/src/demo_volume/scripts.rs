//! What visitors of the three demo bots say, for each way in which a chat can end.

use std::time::Duration;

use domain::Timestamp;

use super::{Dice, Ending};

/// Templates, and what the bots are called.
pub(super) const BOTS: [(&str, &str); 3] = [
    ("travel-desk", "Meridian Travel Desk"),
    ("car-quote", "Harbour quick quote"),
    ("saas-demo", "Loomwork demo"),
];

const NAMES: [&str; 8] = [
    "John Carter",
    "Nuala O'Brien",
    "Łucja Żółkiewska",
    "अनन्या शर्मा",
    "李小龍",
    "Дарья Ёлкина",
    "Sukarno",
    "=HYPERLINK(\"http://x\")",
];

/// What the visitor does, one line for each thing.
pub(super) fn script(
    dice: &mut Dice,
    bot: usize,
    ending: Ending,
    twice: bool,
    number: usize,
    at: Timestamp,
) -> Vec<String> {
    // Some come again, in another browser.
    let person = Person { number: number - number % 7 % 2, name: dice.one(&NAMES) };
    let mut lines = match (bot, ending) {
        (0, Ending::OperatorClosed) => vec!["# status".to_owned(), format!("> AB{:06}", number)],
        (1, Ending::OperatorClosed) => specialist(dice),
        (_, Ending::OperatorClosed) => support_or_large(dice, &person),
        (0, _) => travel(dice, &person, twice, at),
        (1, _) => quote(dice, &person),
        _ => demo(dice, &person, twice),
    };
    if matches!(ending, Ending::Idle | Ending::VisitorEnded) {
        // Whoever leaves has said something, and not the last word.
        lines.truncate(1 + dice.below(lines.len() as u64 - 1) as usize);
    }
    lines
}

struct Person {
    number: usize,
    name: &'static str,
}

impl Person {
    fn email(&self) -> String {
        format!("> visitor{}@loomwork.example", self.number)
    }

    fn phone(&self) -> String {
        format!("> 020 7946 0{:03}", self.number)
    }

    fn name(&self) -> String {
        format!("> {}", self.name)
    }
}

fn lines(of: &[&str]) -> Vec<String> {
    of.iter().map(|line| (*line).to_owned()).collect()
}

fn trip(dice: &mut Dice, at: Timestamp) -> Vec<String> {
    let leaves = (at + Duration::from_secs(86_400 * (5 + dice.below(60)))).to_string();
    let mut script = lines(&["# book"]);
    script.push(format!("> {}", dice.one(&["Lisbon", "Porto", "Kochi", "Århus"])));
    script.push(format!("> {}", &leaves[..10]));
    script.push(format!("> {}", 1 + dice.below(9)));
    script.push(format!("# {}", dice.one(&["lt500", "500-1500", "gt1500"])));
    script
}

fn details(dice: &mut Dice, person: &Person, consents: bool) -> Vec<String> {
    let mut script = vec![person.name()];
    if dice.below(5) == 0 {
        script.push("> nuala at example".to_owned());
    }
    script.push(person.email());
    script.push(if dice.below(2) == 0 { "skip".to_owned() } else { person.phone() });
    script.push(if consents { "# yes" } else { "# no" }.to_owned());
    script
}

fn travel(dice: &mut Dice, person: &Person, twice: bool, at: Timestamp) -> Vec<String> {
    // Nobody is there for those who want somebody: they leave their details.
    let mut script = if !twice && dice.below(6) == 0 { lines(&["# human"]) } else { trip(dice, at) };
    let consents = twice || dice.below(6) > 0;
    script.extend(details(dice, person, consents));
    if twice {
        script.push("# yes".to_owned());
        script.extend(trip(dice, at));
        script.extend(details(dice, person, true));
    }
    script.push("# no".to_owned());
    script
}

/// A car that a specialist has to look at.
fn specialist(dice: &mut Dice) -> Vec<String> {
    match dice.below(2) {
        0 => lines(&["# yes", "# used", "> 1962"]),
        _ => lines(&["# yes", "# used", "> 2019", "> Volvo V60", "# comp", "# 2plus"]),
    }
}

fn quote(dice: &mut Dice, person: &Person) -> Vec<String> {
    match dice.below(10) {
        0 => {
            let mut script = specialist(dice);
            script.push(person.phone());
            script
        }
        1 => {
            let mut script = lines(&["# yes", "# new", "> 2026", "> Fiat 500", "# tp", "# 0"]);
            script.push(person.name());
            script.extend(lines(&["> no", "> nope", "> never", "skip"]));
            script
        }
        _ => {
            let mut script = lines(&["# yes", "# used", "> 2019", "> Volvo V60"]);
            script.push(format!("# {}", dice.one(&["tp", "tpft", "comp"])));
            script.push(format!("# {}", dice.one(&["0", "1"])));
            script.push(person.name());
            script.push(person.phone());
            script.push("# yes".to_owned());
            script.push(if dice.below(3) == 0 { "skip".to_owned() } else { person.email() });
            script
        }
    }
}

/// Up to the question for consent, which is answered with yes.
fn request(dice: &mut Dice, person: &Person, size: &str) -> Vec<String> {
    let mut script =
        vec![person.email(), person.name(), "> Acme".to_owned(), format!("# {size}"), "skip".to_owned()];
    script.push(if dice.below(2) == 0 { "skip".to_owned() } else { person.phone() });
    script.push("# yes".to_owned());
    script
}

fn support_or_large(dice: &mut Dice, person: &Person) -> Vec<String> {
    if dice.below(2) == 0 {
        return vec!["# support".to_owned(), person.email()];
    }
    let mut script = lines(&["# demo"]);
    script.extend(request(dice, person, "250plus"));
    script
}

fn demo(dice: &mut Dice, person: &Person, twice: bool) -> Vec<String> {
    if twice {
        return lines(&["# price", "# no", "# yes", "# price", "# no", "# no"]);
    }
    let size = dice.one(&["1-10", "11-50", "51-250", "250plus"]);
    let mut script = match dice.below(4) {
        0 => return lines(&["# price", "# no", "# no"]),
        1 => lines(&["# price", "# yes"]),
        _ => lines(&["# demo"]),
    };
    script.extend(request(dice, person, size));
    if dice.below(8) == 0 {
        script.pop();
        script.push("# no".to_owned());
    }
    script.push("# no".to_owned());
    script
}
