//! Every route as the sources declare it, read from their text: a running actix application does not tell its routes.

use std::{collections::BTreeSet, path::Path};

const VERBS: [&str; 5] = ["get", "post", "put", "patch", "delete"];

/// A function that declares routes.
struct Room {
    name: String,
    prefix: Option<String>,
    configures: Vec<String>,
    /// Method and path below the prefix.
    routes: Vec<(String, String)>,
}

/// `METHOD /path` of every route.
pub(super) fn routes() -> BTreeSet<String> {
    let rooms = rooms();
    let mut all = BTreeSet::new();
    for room in &rooms {
        let outer = rooms.iter().find(|outer| outer.configures.contains(&room.name));
        let prefix = room.prefix.as_deref().or_else(|| outer?.prefix.as_deref()).unwrap_or_default();
        for (method, path) in &room.routes {
            assert!(
                all.insert(format!("{method} {prefix}{path}")),
                "{method} {prefix}{path} is declared twice"
            );
        }
    }
    assert!(all.len() > 60, "too few routes are found: has routes.rs another form? {all:#?}");
    all
}

/// The functions of `routes.rs` and of the files in `routes/`; nowhere else are there routes.
fn rooms() -> Vec<Room> {
    let sources = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/src"));
    let mut rooms = vec![];
    for (name, text) in texts(sources) {
        let here = name == "routes.rs" || name.starts_with("routes/");
        let code =
            text.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n");
        if here {
            rooms.extend(code.split("\nfn ").flat_map(|part| part.split("\npub(crate) fn ")).map(room));
        } else if name != "server.rs" && !name.starts_with("tests") {
            let elsewhere = ["web::resource(", "web::scope(", "routes::on(", ".route("];
            assert!(
                elsewhere.iter().all(|it| !code.contains(it)),
                "{name} declares routes: do it in routes.rs"
            );
        }
    }
    rooms
}

fn texts(sources: &Path) -> Vec<(String, String)> {
    let (mut folders, mut found) = (vec![sources.to_path_buf()], vec![]);
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let name = path.strip_prefix(sources).unwrap().to_str().unwrap().to_owned();
                found.push((name, std::fs::read_to_string(&path).unwrap()));
            }
        }
    }
    found
}

fn room(text: &str) -> Room {
    let name: String = text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
    // However the lines are broken.
    let text: String = text.split_whitespace().collect();
    let quoted = |part: &str| part.split('"').nth(1).map(str::to_owned);
    let word = |part: &str| part.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>();
    let declared = text.split("service(on(").skip(1).filter_map(|part| Some((quoted(part)?, part)));
    let routes = declared.flat_map(|(path, part)| {
        let verbs = VERBS.into_iter().filter(|verb| part.contains(&format!("{verb}(web::{verb}()")));
        let found: Vec<_> = verbs.map(|verb| (verb.to_uppercase(), path.clone())).collect();
        assert!(!found.is_empty(), "no method is found for {path}");
        found
    });
    Room {
        routes: routes.collect(),
        prefix: text.split_once("web::scope(").and_then(|(_, rest)| quoted(rest)),
        configures: text.split(".configure(").skip(1).map(word).collect(),
        name,
    }
}
