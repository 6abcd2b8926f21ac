//! Writes every page with samples into files, for who wants to see them all: `gallery FOLDER LANGUAGE [TEMPLATES]`.
//! Beside each NAME.html stands NAME.csp, its Content-Security-Policy. TEMPLATES is a folder as `page_dir` has it.

use std::error::Error;
use std::path::Path;
use std::{env, fs};

use clock::UnixTime;
use pages::{Contact, Look, Reader, gallery};

/// The time on the pages: 21 November 2026.
const NOW: UnixTime = UnixTime::from_secs(1_795_260_600);

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [folder, language, templates @ ..] = arguments.as_slice() else {
        return Err("gallery FOLDER LANGUAGE [TEMPLATES]".into());
    };
    let warn = |what: &str| eprintln!("{what}");
    let look = look(templates.first())?;
    let languages = vec![language.clone()];
    let reader = Reader { look: &look, languages, now: NOW, warn: &warn };
    fs::create_dir_all(folder)?;
    for (name, body) in gallery(&reader) {
        let file = Path::new(folder).join(&name);
        fs::write(file.with_extension("html"), &body.text)?;
        let policy = body.headers.iter().find(|(name, _)| *name == "Content-Security-Policy");
        fs::write(file.with_extension("csp"), policy.map_or("", |(_, policy)| policy))?;
    }
    Ok(())
}

/// A service that has all that pages can show of it.
fn look(templates: Option<&String>) -> Result<Look, Box<dyn Error>> {
    let names = [("en", "Example App"), ("de", "Beispielanwendung"), ("ja", "サンプルアプリ")];
    let names = names.map(|(tag, name)| (tag.to_owned(), name.to_owned())).to_vec();
    let contact = Contact { email: "help@example.com".to_owned(), name: None };
    let logo = "data:image/svg+xml;base64,PHN2ZyB4bWxucz0iaHR0cDovL3d3dy53My5vcmcvMjAwMC9zdmciIHdpZHRoPSI0MCIgaGVpZ2h0PSI0MCI+PGNpcmNsZSBjeD0iMjAiIGN5PSIyMCIgcj0iMTgiIGZpbGw9IiMwNmMiLz48L3N2Zz4=";
    let look = Look::new(names, Some(logo.to_owned()), Some(contact));
    let Some(folder) = templates else { return Ok(look) };
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if name.ends_with(".html") {
            files.push((name, fs::read_to_string(path)?));
        }
    }
    Ok(look.with_templates(&files)?)
}
