use serde_json::json;

use super::*;
use crate::Instant;

fn form() -> Form {
    serde_json::from_value(json!({
        "key": "prova", "title": {"it": "Prova", "en": "Trial"},
        "fields": [
            {"key": "name", "type": "text", "label": {"it": "Nome"}, "required": true, "max_length": 10},
            {"key": "email", "type": "email", "label": {"it": "Email"}, "required": true},
            {"key": "phone", "type": "phone", "label": {"it": "Telefono"}},
            {"key": "fiscal_code", "type": "fiscal_code", "label": {"it": "Codice fiscale"}},
            {"key": "day", "type": "date", "label": {"it": "Giorno"}},
            {"key": "theme", "type": "choice", "label": {"it": "Tema"}, "source": "themes"},
            {"key": "how", "type": "choice", "label": {"it": "Come"}, "choices": [{"key": "a", "label": {"it": "A"}}]},
            {"key": "text", "type": "long_text", "label": {"it": "Testo"}, "max_length": 20}
        ]
    }))
    .unwrap()
}

fn themes() -> BTreeSet<String> {
    ["tributi".to_owned(), "tributi/tari".to_owned()].into()
}

fn given(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    let base = [("name", "Maria"), ("email", "maria@example.it")];
    base.iter().chain(pairs).map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

fn refused(key: &str, value: &str) -> Option<&'static str> {
    match form().validate(&given(&[(key, value)]), &themes()) {
        Ok(_) => None,
        Err(errors) => {
            assert_eq!(errors.len(), 1, "{errors:?}");
            assert_eq!(errors[0].field().as_deref(), Some(key));
            Some(errors[0].problem.code())
        }
    }
}

#[test]
fn a_filled_in_form_is_trimmed_and_blank_fields_are_left_out() {
    let values = given(&[("name", "  Maria "), ("phone", " "), ("text", "una\r\ndue\rtre")]);
    let valid = form().validate(&values, &themes()).unwrap();
    assert_eq!(valid.get("name"), Some("Maria"));
    assert_eq!(valid.get("text"), Some("una\ndue\ntre"));
    assert_eq!(valid.get("phone"), None);
}

#[test]
fn each_wrong_field_has_its_code() {
    assert_eq!(refused("name", "   "), Some("required"));
    assert_eq!(refused("name", "12345678901"), Some("too_long"));
    assert_eq!(refused("name", "a\nb"), Some("control_character"));
    assert_eq!(refused("text", "a\0b"), Some("control_character"));
    assert_eq!(refused("day", "2026-02-30"), Some("not_a_date"));
    assert_eq!(refused("day", "1/10/2026"), Some("not_a_date"));
    assert_eq!(refused("fiscal_code", "RSSMRA85T10A562X"), Some("not_a_fiscal_code"));
    assert_eq!(refused("theme", "sport"), Some("unknown_choice"));
    assert_eq!(refused("how", "b"), Some("unknown_choice"));
    assert_eq!(refused("colour/of~it", "red"), Some("unknown_field"));
    for right in [("text", "una\n\tdue"), ("day", "2026-02-28"), ("theme", "tributi/tari"), ("how", "a")] {
        assert_eq!(refused(right.0, right.1), None, "{right:?}");
    }
}

#[test]
fn a_mail_address_must_be_one_that_can_be_answered() {
    for wrong in [
        "maria",
        "maria@",
        "@example.it",
        "a@b",
        "a@b@example.it",
        "a b@example.it",
        "a@example..it",
        "<a@example.it>",
        "a@.it",
    ] {
        assert_eq!(refused("email", wrong), Some("not_an_email"), "{wrong}");
    }
    for right in ["m.rossi+tari@posta.example.it", "Maria.Rossi@EXAMPLE.it", "o'neill@example.it"] {
        assert_eq!(refused("email", right), None, "{right}");
    }
}

#[test]
fn a_phone_number_may_be_written_in_any_usual_way() {
    for right in ["347 1234567", "+39 02 88467000", "0039-02-88467000", "020202"] {
        assert_eq!(refused("phone", right), None, "{right}");
    }
    for wrong in ["chiamatemi", "123", "+39 347 12345678901234"] {
        assert_eq!(refused("phone", wrong), Some("not_a_phone"), "{wrong}");
    }
}

#[test]
fn all_refusals_come_together_with_pointers_and_parameters() {
    let values =
        [("name", "Maria Antonietta"), ("x/y", "1")].map(|(k, v)| (k.to_owned(), v.to_owned())).into();
    let errors = form().validate(&values, &themes()).unwrap_err();
    let pointers: Vec<_> = errors.iter().map(|error| error.pointer.as_str()).collect();
    assert_eq!(pointers, ["/fields/name", "/fields/email", "/fields/x~1y"]);
    assert_eq!(errors[0].problem.params(), [("max", "10".to_owned()), ("found", "16".to_owned())]);
    assert_eq!(errors[0].problem.to_string(), "has 16 characters, at most 10 are allowed");
}

#[test]
fn a_definition_with_an_unknown_key_or_a_wrong_list_is_refused() {
    let unknown = json!({"key": "x", "title": {"it": "X"}, "fields": [], "colour": "red"});
    assert!(serde_json::from_value::<Form>(unknown).is_err());
    let mut twice = form();
    twice.fields.push(twice.fields[0].clone());
    assert!(matches!(twice.check(), Err(FormError::Twice { .. })));
    let mut empty = form();
    empty.fields[5].source = None;
    assert!(matches!(empty.check(), Err(FormError::Choices { .. })));
    let mut spoken = form();
    spoken.fields[0].key = "Nome e cognome".to_owned();
    assert!(matches!(spoken.check(), Err(FormError::Key { .. })));
    let mut endless = form();
    endless.fields[0].max_length = Some(0);
    assert!(matches!(endless.check(), Err(FormError::Limit { .. })));
    assert_eq!(form().check(), Ok(()));
    assert!(matches!(Forms::new(vec![form(), form()], themes()), Err(FormError::Twice { .. })));
}

#[test]
fn a_text_without_english_is_shown_in_italian() {
    assert_eq!(form().title.in_language("en"), "Trial");
    assert_eq!(form().fields[0].label.in_language("en"), "Nome");
}

#[test]
fn a_body_is_read_with_a_pointer_for_each_wrong_part() {
    let read = |body| Submission::of_json(&body, "id", Instant::from_seconds(0));
    let errors = read(json!({"fields": {"name": 7}, "privacy_accepted": "yes", "a/b": 1})).unwrap_err();
    let shown: Vec<_> = errors.iter().map(|error| (error.pointer.as_str(), error.problem.code())).collect();
    let expected = [
        ("/a~1b", "unknown_field"),
        ("/form", "required"),
        ("/privacy_accepted", "wrong_type"),
        ("/fields/name", "wrong_type"),
    ];
    assert_eq!(shown, expected);
    assert_eq!(read(json!([])).unwrap_err()[0].pointer, "");
    let right = read(json!({"form": "prova", "fields": {"phone": null}, "privacy_accepted": true})).unwrap();
    assert!(right.fields.is_empty());
}

#[test]
fn a_submission_needs_a_known_form_an_accepted_notice_and_an_id() {
    let forms = Forms::new(vec![form()], themes()).unwrap();
    let submission = |form: &str, privacy_accepted, id: &str| Submission {
        form: form.to_owned(),
        fields: given(&[]),
        privacy_accepted,
        submission_id: id.to_owned(),
        received_at: Instant::from_seconds(0),
    };
    let codes = |submission| {
        let errors = forms.check(&submission).unwrap_err();
        errors.into_iter().map(|error| (error.pointer, error.problem.code())).collect::<Vec<_>>()
    };
    assert!(forms.check(&submission("prova", true, "id")).is_ok());
    assert_eq!(codes(submission("altra", true, "id")), [("/form".to_owned(), "unknown_form")]);
    assert_eq!(codes(submission("prova", false, "id")), [("/privacy_accepted".to_owned(), "not_accepted")]);
    assert_eq!(codes(submission("prova", true, " ")), [("/submission_id".to_owned(), "required")]);
    assert_eq!(codes(submission("prova", true, "a\0")), [("/submission_id".to_owned(), "control_character")]);
}
