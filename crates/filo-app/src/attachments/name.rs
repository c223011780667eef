//! Names of files, made safe to show, to save and to put in a header.

/// The longest name, in characters.
const LONGEST: usize = 120;
/// The longest ending that is kept when a name is cut, with its dot.
const LONGEST_ENDING: usize = 10;
/// For a file without a name.
const NAMELESS: &str = "allegato";

/// The last part of a path, without control characters, without characters that turn the direction of writing or
/// cannot be seen, and not longer than [`LONGEST`].
pub fn clean_name(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).find(|part| !part.trim().is_empty()).unwrap_or_default();
    let kept: String = last.chars().filter(|c| !c.is_control() && !is_unseen(*c)).collect();
    let kept = bare(&kept);
    if kept.is_empty() {
        return NAMELESS.to_owned();
    }
    if kept.chars().count() <= LONGEST {
        return kept.to_owned();
    }
    let ending = kept.rfind('.').and_then(|at| kept.get(at..)).unwrap_or_default();
    let ending = if ending.chars().count() <= LONGEST_ENDING { ending } else { "" };
    let stem: String = kept.chars().take(LONGEST - ending.chars().count()).collect();
    bare(&format!("{stem}{ending}")).to_owned()
}

/// Without the dots and spaces around it: they hide a file, or are dropped by some systems.
fn bare(name: &str) -> &str {
    name.trim_matches(|c: char| c == '.' || c.is_whitespace())
}

/// Marks of direction, joiners and other characters without a shape.
fn is_unseen(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_name_keeps_no_folder_and_no_trick() {
        assert_eq!(clean_name("..\\..\\a\r\n/foto.jpg"), "foto.jpg");
        assert_eq!(clean_name("fattura\u{202e}gpj.exe"), "fatturagpj.exe");
        assert_eq!(clean_name("/etc/passwd"), "passwd");
        assert_eq!(clean_name("..."), "allegato");
        assert_eq!(clean_name(""), "allegato");
        assert_eq!(clean_name(". ¡"), "¡");
        assert_eq!(clean_name(&format!("{} {}", "a".repeat(119), "b".repeat(50))), "a".repeat(119));
        assert_eq!(clean_name(" Carta d'identità.pdf "), "Carta d'identità.pdf");
    }

    #[test]
    fn a_long_name_keeps_its_ending() {
        let cut = clean_name(&format!("{}.pdf", "a".repeat(300)));
        assert!(cut.ends_with("a.pdf") && cut.chars().count() == 120, "{cut}");
    }

    proptest! {
        #[test]
        fn every_name_is_safe(name in "\\PC{0,200}|.{0,200}") {
            let clean = clean_name(&name);
            prop_assert!(!clean.is_empty() && clean.chars().count() <= LONGEST);
            prop_assert!(!clean.contains(['/', '\\']) && !clean.starts_with('.'));
            prop_assert!(!clean.chars().any(|c| c.is_control() || is_unseen(c)));
            prop_assert_eq!(clean_name(&clean), clean.clone());
        }
    }
}
