//! [Punycode](https://www.rfc-editor.org/rfc/rfc3492): what follows `xn--` in a label of a domain.
//!
//! `idna` can decode it, too, but depends on the Unicode tables of ICU, which every application would then compile.

const BASE: u32 = 36;
const T_MIN: u32 = 1;
const T_MAX: u32 = 26;
const SKEW: u32 = 38;
const DAMP: u32 = 700;
const INITIAL_BIAS: u32 = 72;
/// The first code point that is not ASCII.
const INITIAL_N: u32 = 0x80;

/// The text that an ASCII text stands for; `None` if that is not Punycode. See
/// [section 6.2](https://www.rfc-editor.org/rfc/rfc3492#section-6.2).
pub(crate) fn decode(punycode: &str) -> Option<String> {
    let (ascii, numbers) = match punycode.rsplit_once('-') {
        Some(("", _)) => return None,
        Some(parts) => parts,
        None => ("", punycode),
    };
    let mut chars: Vec<char> = ascii.chars().collect();
    let (mut n, mut i, mut bias) = (INITIAL_N, 0_u32, INITIAL_BIAS);
    let mut digits = numbers.chars();
    while !digits.as_str().is_empty() {
        let before = i;
        let (mut weight, mut k) = (1_u32, BASE);
        loop {
            let digit = value_of(digits.next()?)?;
            i = i.checked_add(digit.checked_mul(weight)?)?;
            let threshold = threshold(k, bias);
            if digit < threshold {
                break;
            }
            weight = weight.checked_mul(BASE - threshold)?;
            k += BASE;
        }
        let len = u32::try_from(chars.len()).ok()?.checked_add(1)?;
        bias = adapt(i - before, len, before == 0);
        n = n.checked_add(i / len)?;
        i %= len;
        chars.insert(usize::try_from(i).ok()?, char::from_u32(n)?);
        i += 1;
    }
    Some(chars.into_iter().collect())
}

fn threshold(k: u32, bias: u32) -> u32 {
    k.saturating_sub(bias).clamp(T_MIN, T_MAX)
}

/// <https://www.rfc-editor.org/rfc/rfc3492#section-6.1>
fn adapt(delta: u32, len: u32, is_first: bool) -> u32 {
    let mut delta = delta / if is_first { DAMP } else { 2 };
    delta += delta / len;
    let mut k = 0;
    while delta > (BASE - T_MIN) * T_MAX / 2 {
        delta /= BASE - T_MIN;
        k += BASE;
    }
    k + (BASE - T_MIN + 1) * delta / (delta + SKEW)
}

/// `a` to `z` are 0 to 25, `0` to `9` are 26 to 35: unlike in hexadecimal, the letters come first.
fn value_of(digit: char) -> Option<u32> {
    Some((digit.to_digit(BASE)? + 26) % BASE)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The samples of <https://www.rfc-editor.org/rfc/rfc3492#section-7.1>.
    #[test]
    fn samples_of_the_rfc() {
        #[track_caller]
        fn check(text: &str, punycode: &str) {
            assert_eq!(decode(punycode).as_deref(), Some(text), "{punycode}");
        }
        check("ليهمابتكلموشعربي؟", "egbpdaj6bu4bxfgehfvwxn");
        check("他们为什么不说中文", "ihqwcrb4cv8a8dqg056pqjye");
        check("他們爲什麽不說中文", "ihqwctvzc91f659drss3x8bo0yb");
        check("Pročprostěnemluvíčesky", "Proprostnemluvesky-uyb24dma41a");
        check("למההםפשוטלאמדבריםעברית", "4dbcagdahymbxekheh6e0a7fei0b");
        check(
            "यहलोगहिन्दीक्योंनहींबोलसकतेहैं",
            "i1baa7eci9glrd9b2ae1bj0hfcgg6iyaf8o0a1dig0cd",
        );
        check(
            "なぜみんな日本語を話してくれないのか",
            "n8jok5ay5dzabd5bym9f0cm5685rrjetr6pdxa",
        );
        check(
            "세계의모든사람들이한국어를이해한다면얼마나좋을까",
            "989aomsvi5e83db1d2a355cv1e0vak1dwrv93d5xbh15a0dt30a5jpsd879ccm6fea98c",
        );
        check(
            "почемужеонинеговорятпорусски",
            "b1abfaaepdrnnbgefbaDotcwatmq2g4l",
        );
        check(
            "PorquénopuedensimplementehablarenEspañol",
            "PorqunopuedensimplementehablarenEspaol-fmd56a",
        );
        check(
            "TạisaohọkhôngthểchỉnóitiếngViệt",
            "TisaohkhngthchnitingVit-kjcr8268qyxafd2f1b9g",
        );
        check("3年B組金八先生", "3B-ww4c5e180e575a65lsy2b");
        check(
            "安室奈美恵-with-SUPER-MONKEYS",
            "-with-SUPER-MONKEYS-pc58ag80a8qai00g7n9n",
        );
        check(
            "Hello-Another-Way-それぞれの場所",
            "Hello-Another-Way--fc4qua05auwb3674vfr0b",
        );
        check("ひとつ屋根の下2", "2-u9tlzr9756bt3uc0v");
        check("MajiでKoiする5秒前", "MajiKoi5-783gue6qz075azm5e");
        check("パフィーdeルンバ", "de-jg4avhby1noc0d");
        check("そのスピードで", "d9juau41awczczp");
        check("-> $1.00 <-", "-> $1.00 <--");
        // The shortest.
        check("", "");
        check("a", "a-");
        check("ü", "tda");
        check("\u{80}", "a");
        check("\u{10ffff}", "dn32g");
    }

    #[test]
    fn no_punycode() {
        #[track_caller]
        fn check(punycode: &str) {
            assert_eq!(decode(punycode), None, "{punycode:?}");
        }
        check("-");
        check("-tda");
        check("bcher-kv.");
        check("bcher-kv_");
        // A number that goes on after the end.
        check("bcher-kv");
        check("z");
        // A surrogate, the code point after the last one, and numbers that fit into no `u32`.
        check("ib9b");
        check("en32g");
        check("99999999");
        check(&"z".repeat(63));
        check(&"9".repeat(63));
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        /// `idna` has an implementation of its own.
        #[test]
        fn idna_agrees(punycode in "[a-z0-9-]{0,12}|[a-z]{0,4}-[a-k]{0,6}", text in "\\PC{0,40}") {
            prop_assert_eq!(decode(&punycode), idna::punycode::decode_to_string(&punycode));
            let punycode = idna::punycode::encode_str(&text).unwrap();
            prop_assert_eq!(decode(&punycode), Some(text));
        }
    }
}
