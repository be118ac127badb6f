//! Contacts with names in many scripts, the same in every run, written as JSON in many ways.

use domain::Random;
use suite::SeededRandom;

/// Pieces of names, script by script. What stands here in escapes cannot be seen otherwise.
const SCRIPTS: [&[&str]; 22] = [
    &["John", "Carter", "Żółć", "Łukasz", "Ærøskøbing", "Nguyễn", "İstanbul", "ß", "Ŋ"],
    &["Иван", "Ольга", "Ђорђе", "Їжак", "Ёлкин"],
    &["Γιώργος", "Ὀδυσσεύς", "Σίσυφος", "ᾧ"],
    &["محمد", "فاطمة", "عبد الله", "پژمان", "لا"],
    &["שלום", "דָּוִד", "מרים", "ﬡ"],
    &["अर्जुन", "श्रीमती", "क्ष", "हिन्दी"],
    &["สมชาย", "น้ำ", "กรุงเทพ"],
    &["王小明", "陳大文", "々", "𠮷野家", "𪚥"],
    &["김철수", "이영희", "\u{1112}\u{1161}\u{11ab}", "ㅋㅋ"],
    &["さくら", "ヴァイオリン", "ｶﾞｷﾞ", "ゟ"],
    &["தமிழ்", "বাংলা", "ગુજરાતી", "ਪੰਜਾਬੀ", "മലയാളം"],
    &["ქართული", "Հայերեն", "አማርኛ", "ខ្មែរ", "မြန်မာ", "བོད་ཡིག"],
    &[
        "\u{1f469}\u{200d}\u{1f4bb}",
        "\u{1f3f3}\u{fe0f}\u{200d}\u{1f308}",
        "\u{1f468}\u{1f3fd}\u{200d}\u{1f680}",
    ],
    &["\u{1f1ee}\u{1f1f3}", "\u{1f600}", "\u{2764}\u{fe0f}", "#\u{fe0f}\u{20e3}"],
    &["e\u{301}", "Z\u{351}\u{34b}\u{312}a\u{30a}\u{323}", "n\u{303}\u{304}", "\u{1e9b}\u{323}"],
    &["\u{200f}abc", "\u{202e}gnp.exe\u{202c}", "\u{2067}עברית\u{2069}", "\u{61c}"],
    &["\u{feff}", "\u{200b}", "\u{ad}", "\u{2028}", "\u{2029}", "\u{85}", "\u{a0}", "\u{3000}", "\u{7f}"],
    &["\u{1d4d0}\u{1d4ea}", "\u{10348}", "\u{1f0a1}", "\u{e0041}", "\u{10ffff}", "\u{f8ff}", "\u{fffd}"],
    &[r#"O\"Brien"#, r"back\\slash", r"\/", r#"\\\""#, "it's", "<script>&amp;"],
    &[r"\n", r"\t", r"\r\n", r"\b\f", r"\u0000", r"\u0001", r"\u001f", r"\u007f", r"\u0085"],
    &[
        r"\u00e9",
        r"\u00E9",
        r"\ud83d\ude00",
        r"\uD83D\uDE00",
        r"\u003cb\u003e",
        r"\u2028",
        r"\u0022",
        r"\u005c",
    ],
    &["v1,", "a.b", "%00", "${x}", "{}", "[]", "null", ",", ":", "=", "'; --", "\u{7f}."],
];

const NUMBERS: [&str; 12] = [
    "0",
    "-0",
    "0.0",
    "1e400",
    "-1E-400",
    "1.0E+2",
    "123456789012345678901234567890",
    "9007199254740993",
    "18446744073709551616",
    "-9223372036854775809",
    "3.141592653589793238462643383279",
    "1e0000000001",
];

/// Makes contacts.
pub(crate) struct Names(SeededRandom);

impl Names {
    /// Those that follow from `seed`.
    pub(crate) fn new(seed: u64) -> Self {
        Self(SeededRandom::new(seed))
    }

    /// The data of an event: a JSON object, with its white space and its order of members.
    pub(crate) fn contact(&mut self) -> String {
        let mut members = vec![
            format!(r#""name"{}:{}"{}""#, self.space(), self.space(), self.name()),
            format!(r#""email":{}"{}@example.com""#, self.space(), self.name()),
            ["\"phone\":\"+919811123456\"", "\"phone\" : null"][self.below(2)].to_owned(),
        ];
        for index in 0..self.below(4) {
            let value = match self.below(3) {
                0 => NUMBERS[self.below(NUMBERS.len())].to_owned(),
                1 => format!(r#"["{}",{}true, {{}}]"#, self.name(), self.space()),
                _ => format!(r#"{{"{}":{}}}"#, self.name(), NUMBERS[self.below(NUMBERS.len())]),
            };
            members.insert(self.below(members.len() + 1), format!(r#""x{index} {}":{value}"#, self.name()));
        }
        let turn = self.below(members.len());
        members.rotate_left(turn);
        let (before, between, after) = (self.space(), self.space(), self.space());
        format!("{{{before}{}{after}}}", members.join(&format!("{between},")))
    }

    /// Up to five pieces of one script, and often one of another.
    fn name(&mut self) -> String {
        let (script, other) = (SCRIPTS[self.below(SCRIPTS.len())], SCRIPTS[self.below(SCRIPTS.len())]);
        let mut pieces: Vec<&str> = (0..=self.below(5)).map(|_| script[self.below(script.len())]).collect();
        if self.below(2) == 0 {
            pieces.push(other[self.below(other.len())]);
        }
        pieces.join(["", " ", "-"][self.below(3)])
    }

    fn space(&mut self) -> &'static str {
        ["", "", "", " ", "\n\t", "\r\n", "    "][self.below(7)]
    }

    fn below(&mut self, limit: usize) -> usize {
        let mut bytes = [0; 8];
        self.0.fill(&mut bytes);
        usize::try_from(u64::from_le_bytes(bytes) >> 33).expect("31 bits") % limit
    }
}
