//! Which browser it was, in words: read from what it calls itself (`User-Agent`, RFC 9110, 10.1.5).
//!
//! For people who look for a session that is not theirs, and for nothing else: whoever calls can write anything there.

/// What a browser is recognised by, the ones before those that they also claim to be.
const BROWSERS: [(&str, &str); 13] = [
    ("Edg/", "Edge"),
    ("EdgA/", "Edge"),
    ("EdgiOS/", "Edge"),
    ("OPR/", "Opera"),
    ("Vivaldi/", "Vivaldi"),
    ("YaBrowser/", "Yandex"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("FxiOS/", "Firefox"),
    ("Firefox/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("HeadlessChrome/", "Chrome"),
    ("Chrome/", "Chrome"),
    // Safari has its own version there, and that of its engine behind its name.
    ("Version/", "Safari"),
];

/// Systems in the same way: every Android is also a Linux, and every iPhone "like Mac OS X".
const SYSTEMS: [(&str, &str); 8] = [
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("CrOS", "ChromeOS"),
    ("Windows", "Windows"),
    ("Macintosh", "macOS"),
    ("Linux", "Linux"),
    ("X11", "Unix"),
];

/// So much of what is not recognised is shown.
const LONGEST: usize = 60;

/// `Firefox 128 on Linux`; the beginning of the text itself if it is no browser's that is known.
pub(super) fn named(agent: &str) -> String {
    known(agent).unwrap_or_else(|| match agent.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &agent[..end]),
        None => agent.to_owned(),
    })
}

fn known(agent: &str) -> Option<String> {
    // All of them begin so, with their system in brackets.
    let (system, products) = agent.strip_prefix("Mozilla/5.0 (")?.split_once(')')?;
    let (_, system) = SYSTEMS.into_iter().find(|(mark, _)| system.contains(mark))?;
    let (version, browser) = BROWSERS.into_iter().find_map(|(mark, name)| {
        let (_, rest) = products.split_once(&format!(" {mark}"))?;
        Some((rest.split(|c: char| !c.is_ascii_digit()).next().unwrap_or_default(), name))
    })?;
    // Others have a version there too.
    let is_itself = browser != "Safari" || products.contains(" Safari/");
    (is_itself && !version.is_empty()).then(|| format!("{browser} {version} on {system}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn common_browsers_are_called_as_people_call_them() {
        let webkit = "AppleWebKit/537.36 (KHTML, like Gecko)";
        let apple = "AppleWebKit/605.1.15 (KHTML, like Gecko)";
        let windows = "Windows NT 10.0; Win64; x64";
        let iphone = "iPhone; CPU iPhone OS 18_5 like Mac OS X";
        for (system, products, said) in [
            ("X11; Linux x86_64; rv:128.0", "Gecko/20100101 Firefox/128.0", "Firefox 128 on Linux"),
            ("Android 15; Mobile; rv:140.0", "Gecko/140.0 Firefox/140.0", "Firefox 140 on Android"),
            (windows, &format!("{webkit} Chrome/139.0.0.0 Safari/537.36"), "Chrome 139 on Windows"),
            (
                windows,
                &format!("{webkit} Chrome/139.0.0.0 Safari/537.36 Edg/139.0.0.0"),
                "Edge 139 on Windows",
            ),
            (
                windows,
                &format!("{webkit} Chrome/137.0.0.0 Safari/537.36 OPR/121.0.0.0"),
                "Opera 121 on Windows",
            ),
            (
                "Macintosh; Intel Mac OS X 10_15_7",
                &format!("{apple} Version/18.5 Safari/605.1.15"),
                "Safari 18 on macOS",
            ),
            (iphone, &format!("{apple} Version/18.5 Mobile/15E148 Safari/604.1"), "Safari 18 on iPhone"),
            (
                iphone,
                &format!("{apple} CriOS/139.0.7258.76 Mobile/15E148 Safari/604.1"),
                "Chrome 139 on iPhone",
            ),
            (
                "Linux; Android 14; SM-S921B",
                &format!("{webkit} SamsungBrowser/27.0 Chrome/125.0.0.0 Mobile Safari/537.36"),
                "Samsung Internet 27 on Android",
            ),
            (
                "X11; CrOS x86_64 14541.0.0",
                &format!("{webkit} Chrome/139.0.0.0 Safari/537.36"),
                "Chrome 139 on ChromeOS",
            ),
        ] {
            assert_eq!(named(&format!("Mozilla/5.0 ({system}) {products}")), said);
        }
    }

    #[test]
    fn what_is_no_known_browser_is_shown_as_it_calls_itself_and_cut_short() {
        for strange in
            ["curl/8.9.1", "", "Mozilla/5.0 (", "Mozilla/5.0 (X11; Linux) Firefox/x", "Firefox/128.0 (Linux)"]
        {
            assert_eq!(named(strange), strange);
        }
        let long = "ä".repeat(LONGEST);
        assert_eq!(named(&long), long);
        assert_eq!(named(&format!("{long}b")), format!("{long}…"));
    }
}
