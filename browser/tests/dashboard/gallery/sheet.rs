//! The sheet on which all pictures of a folder stand side by side.
//!
//! Must not know what is on them.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write,
    fs,
    path::Path,
    sync::{Mutex, PoisonError},
};

/// Writes `index.html` anew: a state after the other, a page a row.
pub fn write(folder: &Path) {
    // States are shown at the same time, and each renews the sheet.
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _turn = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let mut states: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for file in fs::read_dir(folder).expect("the folder is there") {
        let name = file.expect("it can be read").file_name().to_string_lossy().into_owned();
        if let [state, page, _, "png"] = name.split('.').collect::<Vec<_>>()[..] {
            states.entry(state.to_owned()).or_default().insert(page.to_owned());
        }
    }
    let mut html = String::from(
        "<!doctype html><html lang=en><meta charset=utf-8><title>Gallery</title><style>body{font:15px system-ui;margin:24px}\
         div{display:flex;gap:12px;align-items:start;margin:0 0 32px}img{width:40%;border:1px solid #999}img:last-child{width:14%}</style>",
    );
    for (state, pages) in &states {
        let _ = write!(html, "<h1>{state}</h1>");
        for page in pages {
            let _ = write!(html, "<h2>{page}</h2><div>");
            for light in ["light", "dark", "phone"] {
                let file = format!("{state}.{page}.{light}.png");
                let _ = write!(html, "<img loading=lazy src=\"{file}\" alt=\"{file}\">");
            }
            html.push_str("</div>");
        }
    }
    fs::write(folder.join("index.html"), html).expect("the sheet can be written");
}
