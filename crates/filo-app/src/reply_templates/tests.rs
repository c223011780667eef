use std::{collections::BTreeMap, fs, path::Path};

use super::*;

/// The shipped city with one more template.
fn city(key: &str, body: &str) -> City {
    let root = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../config/cities/milano"));
    let mut files = BTreeMap::new();
    for folder in ["", "forms", "texts", "templates"] {
        for entry in fs::read_dir(root.join(folder)).unwrap().map(|entry| entry.unwrap().path()) {
            if entry.is_file() {
                let name = entry.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
                files.insert(name, fs::read_to_string(&entry).unwrap());
            }
        }
    }
    let template = format!(
        "key = \"{key}\"\nlabel = {{ it = \"Prova\" }}\n[body]\nit = '''{body}'''\nen = '''{{{{ number }}}}'''\n"
    );
    files.insert(format!("templates/{key}.toml"), template);
    City::from_files(&files).unwrap()
}

fn refused(body: &str) -> String {
    check_reply_templates(&city("prova", body)).unwrap_err().to_string()
}

#[test]
fn the_shipped_templates_can_be_filled_in_for_every_ticket() {
    let city = city("prova", "{{ number }} {{ today }}");
    assert!(city.templates.len() > 5);
    assert_eq!(check_reply_templates(&city), Ok(()));
    for template in &city.templates {
        for body in template.body.values() {
            for sample in samples(&city) {
                let text = render(body, &sample).unwrap();
                assert!(!text.contains("{{") && !text.contains("none") && !text.contains("\n\n\n"), "{text}");
            }
        }
    }
}

#[test]
fn a_name_that_no_ticket_has_is_refused_also_where_no_sample_comes_by() {
    assert!(refused("{{ nome }}").contains("\"nome\""));
    let hidden = refused("{{ number }}{% if number == 'x' %}{{ operator }}{% endif %}");
    assert!(hidden.starts_with("templates/prova.toml: body.it:") && hidden.contains("operator"), "{hidden}");
    assert!(refused("{{ links.trak }}").contains("undefined"), "{}", refused("{{ links.trak }}"));
}

#[test]
fn a_value_that_may_be_missing_must_be_asked_for() {
    assert!(refused("Ciao {{ person }}").contains("{% if %}"));
    assert!(refused("{% if person %}Ciao{% endif %}").contains("empty"));
    assert_eq!(check_reply_templates(&city("prova", "Ciao{% if person %} {{ person }}{% endif %}")), Ok(()));
}

#[test]
fn a_template_cannot_run_for_ever_or_read_anything() {
    let endless = "{% for a in range(9000) %}{% for b in range(9000) %}x{% endfor %}{% endfor %}";
    let [sample, _] = samples(&city("prova", "{{ number }}"));
    assert_eq!(render(endless, &sample).unwrap_err().kind(), ErrorKind::OutOfFuel);
    assert!(!refused(endless).is_empty());
    assert!(refused("{{ number").contains("syntax"));
    assert!(!refused("{% include '../city.toml' %}").is_empty());
}
