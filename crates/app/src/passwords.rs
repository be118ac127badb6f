//! Passwords: which may be chosen, and how they are stored and compared.
//!
//! Plain functions that take as long as they take, some tens of milliseconds of one processor and 19 MiB each: never
//! inside a transaction, never on a thread that answers requests. Who calls them sees to that.

use argon2::{Algorithm, Argon2, Params, Version};
use base64::{Engine, engine::general_purpose::STANDARD_NO_PAD};
use domain::{Invalid, Password};
use subtle::ConstantTimeEq;

/// Takes a password that somebody chooses, unless a guessing program would find it soon. `context` is what is known of
/// them: name, e-mail address, account (OWASP ASVS 5.0, 6.2.4 and 6.2.11).
pub fn choose(pointer: &str, text: &str, context: &[&str]) -> Result<Password, Invalid> {
    let password = Password::new(pointer, text)?;
    let refuse = |message: &str| Err(Invalid::coded("password_refused", pointer, message));
    if guesses(text, &[]) < FEW_GUESSES {
        return refuse(
            "is one of those that are tried first: a common word, name, date or row of keys with little added; a \
             few unrelated words in a row are better",
        );
    }
    let known = words_of(context);
    if guesses(text, &known) < FEW_GUESSES || without(text, &known).chars().count() < Password::SHORTEST {
        return refuse(
            "is too close to your name, your e-mail address, the account or this program; choose something that \
             nobody connects with you",
        );
    }
    Ok(password)
}

/// Below this a password is found by somebody who guesses patiently through the sign-in page.
const FEW_GUESSES: u64 = 1_000_000;

/// How many guesses a program needs that knows the usual passwords and habits, and these words.
fn guesses(text: &str, context: &[String]) -> u64 {
    let context: Vec<&str> = context.iter().map(String::as_str).collect();
    zxcvbn::zxcvbn(text, &context).guesses()
}

/// What remains of a password when what is known is taken out of it: that alone should be long enough.
fn without(text: &str, known: &[String]) -> String {
    let long = known.iter().filter(|word| word.chars().count() >= 4);
    long.fold(text.to_lowercase(), |rest, word| rest.replace(word, ""))
}

/// The words in what is known of somebody, and each whole without what stands between them.
fn words_of(context: &[&str]) -> Vec<String> {
    let mut words = vec!["leadpost".to_owned()];
    for known in context {
        let lower = known.to_lowercase();
        let pieces: Vec<&str> = lower.split(|it: char| !it.is_alphanumeric()).collect();
        words.push(pieces.concat());
        words.extend(pieces.into_iter().map(str::to_owned));
        words.extend(lower.split_once('@').map(|(local, _)| local.to_owned()));
        words.push(lower);
    }
    words.retain(|word| word.chars().count() >= 3);
    // The longest first, so that none hides a longer one.
    words.sort_by_key(|word| std::cmp::Reverse(word.len()));
    words
}

/// What a hash costs. The least that OWASP advises (Password Storage Cheat Sheet, Argon2id).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Cost {
    memory_kib: u32,
    passes: u32,
    lanes: u32,
}

const COST: Cost = Cost { memory_kib: 19_456, passes: 2, lanes: 1 };
/// Stored hashes that would cost more than this are damaged; nobody is to be kept busy by them.
const MOST: Cost = Cost { memory_kib: 1 << 20, passes: 16, lanes: 16 };
const HASH_LENGTH: usize = 32;
const SALT_LENGTH: usize = 16;

/// What is compared with if nobody has the address, so that it takes as long: a hash of nothing that anybody types.
pub const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$bm9ib2R5J3Mgc2FsdC4uLg$\
                          AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// The password as it is stored: Argon2id, as a PHC string. Of `random` the first 16 bytes are the salt.
pub fn hash(password: &Password, random: &[u8; 32]) -> String {
    let salt = &random[..SALT_LENGTH];
    let Cost { memory_kib, passes, lanes } = COST;
    format!(
        "$argon2id$v=19$m={memory_kib},t={passes},p={lanes}${}${}",
        STANDARD_NO_PAD.encode(salt),
        STANDARD_NO_PAD.encode(derive(password.reveal(), salt, COST))
    )
}

/// How a password compares with what is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is another.
    Wrong,
    /// It is the same.
    Right,
    /// It is the same, and was hashed at another cost than today's: hash it again.
    Stale,
}

/// Compares what was typed with a stored hash. What is too long to be a password takes as long as a wrong one.
pub fn verify(typed: &str, stored: &str) -> Verdict {
    let typed = typed.get(..Password::LONGEST_IN_BYTES + 1).unwrap_or(typed);
    let Some((cost, salt, hash)) = read(stored) else {
        derive(typed, &[0; SALT_LENGTH], COST);
        return Verdict::Wrong;
    };
    let same: bool = derive(typed, &salt, cost).ct_eq(&hash).into();
    match (same, cost == COST) {
        (false, _) => Verdict::Wrong,
        (true, true) => Verdict::Right,
        (true, false) => Verdict::Stale,
    }
}

fn derive(text: &str, salt: &[u8], cost: Cost) -> [u8; HASH_LENGTH] {
    let mut hash = [0; HASH_LENGTH];
    let params = Params::new(cost.memory_kib, cost.passes, cost.lanes, Some(HASH_LENGTH));
    let argon = Argon2::new(Algorithm::Argon2id, Version::V0x13, params.expect("the cost was checked"));
    argon.hash_password_into(text.as_bytes(), salt, &mut hash).expect("salt and length are Argon2's");
    hash
}

/// Cost, salt and hash of a PHC string; None if it is none of ours.
fn read(stored: &str) -> Option<(Cost, Vec<u8>, Vec<u8>)> {
    let mut parts = stored.strip_prefix("$argon2id$v=19$")?.split('$');
    let mut numbers = parts.next()?.split(',');
    let mut number = |name: &str| numbers.next()?.strip_prefix(name)?.parse::<u32>().ok();
    let cost = Cost { memory_kib: number("m=")?, passes: number("t=")?, lanes: number("p=")? };
    let salt = STANDARD_NO_PAD.decode(parts.next()?).ok()?;
    let hash = STANDARD_NO_PAD.decode(parts.next()?).ok()?;
    let within = (1..=MOST.passes).contains(&cost.passes)
        && (1..=MOST.lanes).contains(&cost.lanes)
        && (8 * cost.lanes..=MOST.memory_kib).contains(&cost.memory_kib)
        && (8..=64).contains(&salt.len())
        && hash.len() == HASH_LENGTH;
    (within && parts.next().is_none()).then_some((cost, salt, hash))
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONTEXT: [&str; 3] =
        ["Maya Ravenscroft-Oyelaran", "maya.oyelaran@tidewater.example", "Tidewater Ltd"];

    fn refused(text: &str) -> Option<String> {
        choose("/password", text, &CONTEXT).err().map(|it| it.to_string())
    }

    #[test]
    fn long_and_odd_passwords_are_taken_as_they_are() {
        let longest = "vK9#p w2xq7 ".repeat(84)[..1_000].to_owned();
        for good in [
            "correct horse battery staple",
            "vK9#pLw2",
            "żółta łódź podwodna",
            "my cat plays tidewater jazz",
            "wxq7fjrb",
            &longest,
        ] {
            assert_eq!(choose("/password", good, &CONTEXT).as_ref().map(Password::reveal), Ok(good));
        }
    }

    #[test]
    fn what_is_tried_first_is_refused() {
        for soon in [
            "password",
            "Passw0rd!",
            "12345678",
            "1234567890",
            "qwertyuiop",
            "1qaz2wsx",
            "qwer1234",
            "iloveyou2",
            "sunshine",
            "Football1",
            "abcd1234",
            "aaaaaaaa",
            "abcabcabc",
            "drowssap",
            "87654321",
            "11223344",
            "letmein!",
            "trustno1",
            "superman123",
            "asdfghjkl",
            "zaq12wsx",
            "19871987",
            "passwordpassword",
            "starwars",
            "wildcats",
            "administrator",
            "ncc1701d",
        ] {
            assert!(refused(soon).is_some_and(|it| it.contains("tried first")), "{soon}");
        }
    }

    #[test]
    fn what_is_known_of_somebody_is_refused() {
        for close in
            ["Leadpost2026!", "oyelaran1", "maya.oyelaran", "T1dewater", "tidewaterltd", "Ravenscroft!"]
        {
            assert!(refused(close).is_some(), "{close}");
        }
        assert!(refused("Ravenscroft!").is_some_and(|it| it.contains("too close")));
        assert!(choose("/password", "Ravenscroft!", &[]).is_ok(), "it is nobody else's");
    }

    #[test]
    fn a_hash_is_a_phc_string_with_a_salt_of_its_own() {
        let password = choose("/password", "correct horse battery staple", &[]).unwrap();
        let (one, other) = (hash(&password, &[1; 32]), hash(&password, &[2; 32]));
        assert!(one.starts_with("$argon2id$v=19$m=19456,t=2,p=1$AQEBAQEBAQEBAQEBAQEBAQ$"), "{one}");
        assert_ne!(one, other);
        assert_eq!(verify("correct horse battery staple", &one), Verdict::Right);
        assert_eq!(verify("correct horse battery staple", &other), Verdict::Right);
        for wrong in ["correct horse battery staplE", "correct horse battery staple ", "", &"x".repeat(5_000)]
        {
            assert_eq!(verify(wrong, &one), Verdict::Wrong);
        }
    }

    /// Test vector of the reference implementation (P-H-C/phc-winner-argon2, `src/test.c`, version 19).
    #[test]
    fn a_hash_of_the_reference_implementation_is_understood_and_is_stale() {
        let stored = "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc";
        assert_eq!(verify("password", stored), Verdict::Stale);
        assert_eq!(verify("Password", stored), Verdict::Wrong);
    }

    #[test]
    fn what_is_stored_in_place_of_a_hash_fits_no_password() {
        let (cost, salt, _) = read(NOBODY).unwrap();
        assert_eq!((cost, salt.len()), (COST, SALT_LENGTH));
        let huge = NOBODY.replace("m=19456", "m=4294967295");
        for none in [NOBODY, "", "$argon2id$v=19$m=1,t=0,p=1$AAAA$AAAA", &huge, &format!("{NOBODY}$x")] {
            assert_eq!(verify("password", none), Verdict::Wrong);
        }
    }
}
