//! Numbering plans: which national numbers a country code has, and how they are dialled at home.
//!
//! The data are Google's, as the `phonenumber` crate carries them. Its own parser is not used: it takes letters
//! for digits, looks for a number inside other text, and never finds a length to be right, as the data give
//! lengths per kind of number and not per plan. It must not know what a visitor typed: digits come in.

use std::collections::HashMap;
use std::sync::{LazyLock, OnceLock};

use phonenumber::metadata::{DATABASE, Descriptor, Metadata};
use regex::{Captures, Regex, RegexBuilder};

/// All plans, read at first use (some tens of milliseconds). Their patterns are compiled when one is first
/// asked.
static PLANS: LazyLock<Plans> = LazyLock::new(Plans::read);

/// How the data name a plan that belongs to no region, such as that of +800.
const NO_REGION: &str = "001";

struct Plans {
    /// The main region of a code comes first.
    by_code: HashMap<u16, Vec<Plan>>,
    by_region: HashMap<&'static str, (u16, usize)>,
}

impl Plans {
    fn read() -> Plans {
        let mut plans = Plans { by_code: HashMap::new(), by_region: HashMap::new() };
        for code in 1..=999 {
            let Some(regions) = DATABASE.by_code(&code) else { continue };
            for (index, region) in regions.iter().enumerate().filter(|(_, region)| region.id() != NO_REGION) {
                plans.by_region.insert(region.id(), (code, index));
            }
            plans.by_code.insert(code, regions.into_iter().map(Plan::read).collect());
        }
        plans
    }
}

/// The plan of `region` (ISO 3166-1 alpha-2, upper case).
pub(super) fn of_region(region: &str) -> Option<&'static Plan> {
    let (code, index) = PLANS.by_region.get(region)?;
    PLANS.by_code.get(code)?.get(*index)
}

/// The plan that stands for a country code: that of its main region.
pub(super) fn of_code(code: u16) -> Option<&'static Plan> {
    PLANS.by_code.get(&code)?.first()
}

/// True if the numbering plan of one of the code's regions gives out such a number.
pub(super) fn is_assigned(code: u16, national: &str) -> bool {
    PLANS.by_code.get(&code).is_some_and(|regions| regions.iter().any(|plan| plan.assigns(national)))
}

/// What a plan says of a number's length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Length {
    /// A whole national number can be this long.
    Possible,
    /// Only what is dialled without an area code is this short.
    LocalOnly,
    TooShort,
    TooLong,
    /// Shorter and longer numbers exist, none of this length.
    Between,
}

/// The numbering plan of one region.
pub(super) struct Plan {
    pub code: u16,
    /// What is dialled at home before a country code.
    international_prefix: Option<Pattern>,
    /// What is dialled at home before a national number, with carrier codes; some plans rewrite by it.
    national_prefix: Option<Pattern>,
    rewrite: Option<&'static str>,
    general: Pattern,
    kinds: Vec<Kind>,
    possible: Lengths,
    local: Lengths,
}

impl Plan {
    fn read(meta: &'static Metadata) -> Plan {
        let kinds = kinds(meta);
        let all = |lengths: fn(&Kind) -> Lengths| kinds.iter().map(lengths).fold(Lengths(0), Lengths::or);
        let at_home = match meta.national_prefix_for_parsing() {
            Some(pattern) => Some(pattern.as_str()),
            None => meta.national_prefix(),
        };
        Plan {
            code: meta.country_code(),
            international_prefix: meta.international_prefix().map(|p| Pattern::prefix(p.as_str())),
            national_prefix: at_home.map(Pattern::prefix),
            rewrite: meta.national_prefix_transform_rule(),
            general: Pattern::whole(meta.descriptors().general().national_number().as_str()),
            possible: all(|kind| kind.possible),
            local: all(|kind| kind.local),
            kinds,
        }
    }

    /// The number after the prefix for calls abroad, if it begins with one.
    pub fn without_international_prefix<'a>(&self, digits: &'a str) -> Option<&'a str> {
        let prefix = self.international_prefix.as_ref()?.regex().find(digits)?;
        // No country code begins with 0: this is a national number that begins like the prefix.
        Some(&digits[prefix.end()..]).filter(|rest| !rest.starts_with('0'))
    }

    /// The number as it is dialled from abroad: without the national prefix and carrier codes, rewritten where
    /// the plan says so (Argentina's 15 becomes 9, a number within Bahamas gets its 242). A number that fits
    /// the plan as it is stays so if it would not without the prefix.
    pub fn without_national_prefix(&self, digits: &str) -> Option<String> {
        let found = self.national_prefix.as_ref()?.regex().captures(digits)?;
        let stripped = self.rewritten(&found, digits);
        let spoilt = self.fits(digits) && !self.fits(&stripped);
        (!spoilt).then_some(stripped)
    }

    fn rewritten(&self, found: &Captures<'_>, digits: &str) -> String {
        let prefix = found.get_match();
        match self.rewrite.filter(|_| found.get(found.len() - 1).is_some()) {
            Some(rule) => {
                let mut whole = String::new();
                found.expand(rule, &mut whole);
                whole.push_str(&digits[prefix.end()..]);
                whole
            }
            None => digits[prefix.end()..].to_owned(),
        }
    }

    /// True if the plan as a whole, whatever the kind of number, has such numbers.
    pub fn fits(&self, national: &str) -> bool {
        self.general.regex().is_match(national)
    }

    /// What the plan says of this length.
    pub fn length(&self, national: &str) -> Length {
        let length = national.len();
        match (self.possible.shortest(), self.possible.longest()) {
            _ if self.possible.contain(length) => Length::Possible,
            _ if self.local.contain(length) => Length::LocalOnly,
            (Some(shortest), _) if length < shortest => Length::TooShort,
            (_, Some(longest)) if length > longest => Length::TooLong,
            _ => Length::Between,
        }
    }

    fn assigns(&self, national: &str) -> bool {
        // The patterns of kinds say lengths as well; that of the whole plan comes first as most others fail it.
        self.fits(national) && self.kinds.iter().any(|kind| kind.pattern.regex().is_match(national))
    }
}

/// One kind of number of a plan: landline, mobile, toll free, …
struct Kind {
    possible: Lengths,
    local: Lengths,
    pattern: Pattern,
}

/// The kinds whose numbers can be dialled from anywhere: no emergency numbers or short codes.
fn kinds(meta: &'static Metadata) -> Vec<Kind> {
    let all = meta.descriptors();
    let dialled = [
        all.fixed_line(),
        all.mobile(),
        all.toll_free(),
        all.premium_rate(),
        all.shared_cost(),
        all.personal_number(),
        all.voip(),
        all.pager(),
        all.uan(),
        all.voicemail(),
    ];
    let kind = |descriptor: &'static Descriptor| Kind {
        possible: Lengths::of(descriptor.possible_length()),
        local: Lengths::of(descriptor.possible_local_length()),
        pattern: Pattern::whole(descriptor.national_number().as_str()),
    };
    dialled.into_iter().flatten().map(kind).collect()
}

/// A set of lengths, one bit each: the longest national number of the data has 17 digits.
#[derive(Clone, Copy)]
struct Lengths(u32);

impl Lengths {
    fn of(lengths: &[u16]) -> Lengths {
        Lengths(lengths.iter().filter(|&&length| length < 32).fold(0, |bits, length| bits | 1 << length))
    }

    fn or(self, other: Lengths) -> Lengths {
        Lengths(self.0 | other.0)
    }

    fn contain(self, length: usize) -> bool {
        length < 32 && self.0 & 1 << length != 0
    }

    fn shortest(self) -> Option<usize> {
        (0..32).find(|&length| self.contain(length))
    }

    fn longest(self) -> Option<usize> {
        (0..32).rev().find(|&length| self.contain(length))
    }
}

/// A pattern of the data, compiled at its first use: there are thousands, and an account needs those of a few
/// regions.
struct Pattern {
    text: String,
    compiled: OnceLock<Regex>,
}

impl Pattern {
    fn whole(text: &str) -> Pattern {
        Pattern { text: format!("^(?:{text})$"), compiled: OnceLock::new() }
    }

    fn prefix(text: &str) -> Pattern {
        Pattern { text: format!("^(?:{text})"), compiled: OnceLock::new() }
    }

    fn regex(&self) -> &Regex {
        self.compiled.get_or_init(|| {
            RegexBuilder::new(&self.text)
                // The data are laid out over lines, and their digits are ASCII.
                .ignore_whitespace(true)
                .unicode(false)
                .build()
                .expect("a test compiles every pattern of the data")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pattern_of_the_data_compiles() {
        for plan in PLANS.by_code.values().flatten() {
            let prefixes = [&plan.international_prefix, &plan.national_prefix];
            for pattern in prefixes.into_iter().flatten().chain([&plan.general]) {
                pattern.regex();
            }
            for kind in &plan.kinds {
                kind.pattern.regex();
            }
        }
    }

    #[test]
    fn every_region_has_the_plan_of_its_code_and_every_kind_its_lengths() {
        assert!(PLANS.by_region.len() > 240, "{}", PLANS.by_region.len());
        for region in PLANS.by_region.keys() {
            let plan = of_region(region).unwrap();
            assert!(of_code(plan.code).is_some(), "{region}");
            assert!(plan.kinds.iter().all(|kind| kind.possible.shortest().is_some()), "{region}");
        }
    }

    #[test]
    fn every_example_of_the_data_is_assigned_and_read_as_itself() {
        let mut wrong = Vec::new();
        for code in 1..=999 {
            for region in DATABASE.by_code(&code).unwrap_or_default() {
                for example in examples(region) {
                    let e164 = format!("+{code}{example}");
                    let taken = |reply: &str, home| {
                        super::super::phone(reply, home, true).is_ok_and(|p| p.e164 == e164)
                    };
                    let at_home = region.id() == NO_REGION || taken(example, Some(region.id()));
                    if !is_assigned(code, example) || !taken(&e164, None) || !at_home {
                        wrong.push(format!("{e164} ({})", region.id()));
                    }
                }
            }
        }
        assert!(wrong.is_empty(), "{wrong:?}");
    }

    fn examples(region: &'static Metadata) -> Vec<&'static str> {
        let all = region.descriptors();
        let kinds = [
            all.fixed_line(),
            all.mobile(),
            all.toll_free(),
            all.premium_rate(),
            all.shared_cost(),
            all.personal_number(),
            all.voip(),
            all.uan(),
        ];
        kinds.into_iter().flatten().filter_map(Descriptor::example).collect()
    }
}
