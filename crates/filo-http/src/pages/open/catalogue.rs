//! The metadata of the open data in DCAT-AP_IT, as JSON-LD: a catalogue with one data set, each month a file of it.
//!
//! What the profile makes mandatory is there: identifier, titles, descriptions, modified, theme, rights holder with
//! its code in the index of public administrations, frequency; format, address and licence of each file.

use filo_app::Published;
use filo_domain::Instant;
use serde_json::{Value, json};

use super::{month_name, newest};
use crate::{State, pages::text};

const THEME: &str = "http://publications.europa.eu/resource/authority/data-theme/GOVE";
const MONTHLY: &str = "http://publications.europa.eu/resource/authority/frequency/MONTHLY";
const FILE_TYPES: &str = "http://publications.europa.eu/resource/authority/file-type/";
const LANGUAGES: [(&str, &str); 2] = [
    ("it", "http://publications.europa.eu/resource/authority/language/ITA"),
    ("en", "http://publications.europa.eu/resource/authority/language/ENG"),
];
const LICENCE: &str = "https://w3id.org/italia/controlled-vocabulary/licences/A21_CCBY40";

/// The catalogue of what is published.
pub(super) fn of(state: &State, published: &[Published]) -> Value {
    let base = format!("{}/trasparenza", state.settings.public_url);
    let profile = &state.app.city().profile;
    let agent_id = format!(
        "https://indicepa.gov.it/ipa-portale/consultazione/indirizzo-sede/ricerca-ente/scheda-ente/{}",
        profile.ipa_code
    );
    let agent = json!({
        "@id": agent_id,
        "@type": ["dcatapit:Agent", "foaf:Agent"],
        "foaf:name": profile.name,
        "dct:identifier": profile.ipa_code,
    });
    let modified = published.iter().map(|it| it.published_at).max();
    let files: Vec<Value> = newest(published)
        .flat_map(|(last, _)| [("csv", "CSV"), ("json", "JSON")].map(|form| file(state, &base, last, form)))
        .collect();
    let set = json!({
        "@id": format!("{base}#contatti"),
        "@type": ["dcatapit:Dataset", "dcat:Dataset"],
        "dct:identifier": format!("{}:filo-contatti", profile.ipa_code),
        "dct:title": said(state, "open.dataset_title", &[]),
        "dct:description": said(state, "open.dataset_description", &[]),
        "dct:modified": date(modified),
        "dcat:theme": { "@id": THEME },
        "dct:rightsHolder": agent,
        "dct:publisher": { "@id": agent_id },
        "dct:accrualPeriodicity": { "@id": MONTHLY },
        "dct:language": languages(state),
        "dcat:landingPage": { "@id": base },
        "dcat:distribution": files,
    });
    json!({
        "@context": {
            "dcat": "http://www.w3.org/ns/dcat#",
            "dct": "http://purl.org/dc/terms/",
            "dcatapit": "http://dati.gov.it/onto/dcatapit#",
            "foaf": "http://xmlns.com/foaf/0.1/",
            "xsd": "http://www.w3.org/2001/XMLSchema#",
        },
        "@id": format!("{base}/catalogo.jsonld"),
        "@type": ["dcatapit:Catalog", "dcat:Catalog"],
        "dct:title": said(state, "open.catalogue_title", &[]),
        "dct:description": said(state, "open.dataset_description", &[]),
        "dct:publisher": agent,
        "dct:modified": date(modified),
        "dct:language": languages(state),
        "foaf:homepage": { "@id": base },
        "dcat:themeTaxonomy": { "@id": "http://publications.europa.eu/resource/authority/data-theme" },
        "dcat:dataset": [set],
    })
}

fn file(state: &State, base: &str, last: &Published, (suffix, kind): (&str, &str)) -> Value {
    let address = format!("{base}/{}.{suffix}", last.month);
    let title = |language: &str| format!("{} ({kind})", month_name(state, language, &last.month));
    json!({
        "@id": address,
        "@type": ["dcatapit:Distribution", "dcat:Distribution"],
        "dct:title": by_language(state, title),
        "dct:format": { "@id": format!("{FILE_TYPES}{kind}") },
        "dcat:accessURL": { "@id": format!("{base}/{}", last.month) },
        "dcat:downloadURL": { "@id": address },
        "dct:license": {
            "@id": LICENCE, "@type": ["dcatapit:LicenseDocument", "dct:LicenseDocument"],
            "foaf:name": "Creative Commons Attribuzione 4.0 Internazionale (CC BY 4.0)",
        },
        "dct:modified": date(Some(last.published_at)),
    })
}

/// A text in all of the city's languages.
fn said(state: &State, key: &str, values: &[(&str, &str)]) -> Value {
    by_language(state, |language| text(state, language, key, values))
}

fn by_language(state: &State, words: impl Fn(&str) -> String) -> Value {
    let languages = &state.app.city().profile.languages;
    languages.iter().map(|it| json!({ "@language": it, "@value": words(it) })).collect()
}

fn languages(state: &State) -> Value {
    let known = |language: &String| LANGUAGES.iter().find(|(code, _)| code == language);
    let ours = &state.app.city().profile.languages;
    ours.iter().filter_map(known).map(|(_, address)| json!({ "@id": address })).collect()
}

/// Before the first month is closed nothing was ever modified.
fn date(at: Option<Instant>) -> Value {
    at.map_or(Value::Null, |at| json!({ "@type": "xsd:dateTime", "@value": at }))
}
