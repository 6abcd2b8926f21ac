//! Rules on a session's attributes (`auth_saml_require_attribute`), made ready to be asked often.

use std::fmt;

use identity::normalise;
use regex::Regex;

use crate::names::AttributeName;
use crate::pattern::compile;

/// Digits of a number: a double holds that many exactly.
const MAX_DIGITS: usize = 15;

/// What one attribute of a session must be like.
#[derive(Clone, Debug)]
pub struct AttributeRule {
    name: AttributeName,
    wanted: Wanted,
}

#[derive(Clone, Debug)]
enum Wanted {
    /// `NAME`: a value that is not empty.
    Present,
    /// `!NAME`: no such value.
    Absent,
    /// `NAME VALUE… !VALUE…`: one of the first if there are any, and none of the others; it must be there
    /// in any case.
    Values { one_of: Vec<Test>, none_of: Vec<Test> },
    /// `!NAME VALUE…`: none of these; it need not be there.
    NoneOf(Vec<Test>),
}

/// What a single value is compared with.
#[derive(Clone, Debug)]
enum Test {
    /// The whole value, each letter as it is.
    Text(String),
    /// Somewhere in the value.
    Expression(Regex),
    Number(Order, f64),
}

#[derive(Clone, Copy, Debug)]
enum Order {
    AtLeast,
    AtMost,
    More,
    Less,
}

impl AttributeRule {
    /// Of `NAME` and `VALUE…`, as the directive has them. A value is text, `=TEXT`, `~REGEX`, `~*REGEX`, or a
    /// number behind `>=`, `<=`, `>`, `<`; `!` goes before the name, or before values.
    ///
    /// # Errors
    /// A word that cannot mean anything.
    pub fn parse(name: &str, values: &[&str]) -> Result<Self, RuleError> {
        let (is_negated, name) = negation(name);
        if !normalise(name).bytes().any(|byte| byte != b'_') {
            return Err(RuleError::Name);
        }
        let (mut one_of, mut none_of) = (Vec::new(), Vec::new());
        for value in values {
            let (is_unwanted, value) = negation(value);
            if is_unwanted && is_negated {
                return Err(RuleError::TwiceNegated);
            }
            let tests = if is_unwanted { &mut none_of } else { &mut one_of };
            tests.push(Test::parse(value)?);
        }
        let wanted = match (is_negated, values.is_empty()) {
            (false, true) => Wanted::Present,
            (true, true) => Wanted::Absent,
            (false, false) => Wanted::Values { one_of, none_of },
            (true, false) => Wanted::NoneOf(one_of),
        };
        Ok(Self { name: AttributeName::new(name), wanted })
    }

    /// The attribute's name.
    pub fn name(&self) -> &AttributeName {
        &self.name
    }

    /// Does a session keep the rule whose attribute of that name has these values? None = it has no such
    /// attribute.
    pub fn is_met_by<'a>(&self, values: Option<impl Iterator<Item = &'a str> + Clone>) -> bool {
        let values = || values.clone().into_iter().flatten();
        let is_there = || values().any(|value| !value.is_empty());
        let has = |tests: &[Test]| values().any(|value| tests.iter().any(|t| t.is(value)));
        match &self.wanted {
            Wanted::Present => is_there(),
            Wanted::Absent => !is_there(),
            Wanted::Values { one_of, none_of } => {
                (if one_of.is_empty() { is_there() } else { has(one_of) }) && !has(none_of)
            }
            Wanted::NoneOf(tests) => !has(tests),
        }
    }
}

impl Test {
    fn parse(text: &str) -> Result<Self, RuleError> {
        const ORDERS: [(&str, Order); 4] =
            [(">=", Order::AtLeast), ("<=", Order::AtMost), (">", Order::More), ("<", Order::Less)];
        match text.strip_prefix('~') {
            Some("" | "*") => return Err(RuleError::Empty),
            Some(text) => {
                return compile(text).map(Self::Expression).map_err(RuleError::Expression);
            }
            None => {}
        }
        for (sign, order) in ORDERS {
            if let Some(text) = text.strip_prefix(sign) {
                let number = number(text).ok_or_else(|| RuleError::Number(text.to_owned()))?;
                return Ok(Self::Number(order, number));
            }
        }
        match text.strip_prefix('=').unwrap_or(text) {
            "" => Err(RuleError::Empty),
            text => Ok(Self::Text(text.to_owned())),
        }
    }

    fn is(&self, value: &str) -> bool {
        match self {
            Self::Text(text) => value == text,
            Self::Expression(expression) => expression.is_match(value),
            Self::Number(order, bound) => number(value).is_some_and(|value| match order {
                Order::AtLeast => value >= *bound,
                Order::AtMost => value <= *bound,
                Order::More => value > *bound,
                Order::Less => value < *bound,
            }),
        }
    }
}

fn negation(word: &str) -> (bool, &str) {
    word.strip_prefix('!').map_or((false, word), |rest| (true, rest))
}

/// A decimal number such as `2`, `-1` or `1.5`, and nothing else that Rust would read as one.
fn number(text: &str) -> Option<f64> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    let is_digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    let is_bounded = digits.len() <= MAX_DIGITS + usize::from(digits.contains('.'));
    (is_bounded && is_digits(whole) && is_digits(fraction)).then(|| text.parse().ok())?
}

/// regex draws where the mistake is, in several lines; the last one says what it is.
/// Why words make no rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RuleError {
    /// The name has no letter or digit.
    Name,
    /// `!` stands before the name and before a value.
    TwiceNegated,
    /// There is nothing to compare with.
    Empty,
    /// The expression is none, or too large: what it is.
    Expression(String),
    /// That is no number.
    Number(String),
}

impl fmt::Display for RuleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name => f.write_str("the attribute's name must have a letter or digit"),
            Self::TwiceNegated => f.write_str(
                "\"!\" stands before the name and before a value; say which values, and \"!\" once",
            ),
            Self::Empty => f.write_str(
                "a value is empty; the name alone asks for any value, \"!\" before it for none",
            ),
            Self::Expression(why) => write!(f, "the regular expression cannot be used: it {why}"),
            Self::Number(text) => write!(
                f,
                "\"{text}\" is no number of up to {MAX_DIGITS} digits; text that begins like a comparison \
                 has \"=\" before it"
            ),
        }
    }
}

impl std::error::Error for RuleError {}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(words: &str) -> AttributeRule {
        let mut words = words.split(' ');
        let name = words.next().unwrap();
        AttributeRule::parse(name, &words.collect::<Vec<_>>()).unwrap()
    }

    /// Of a session whose attribute has these values, with commas between them; `-` = it has none.
    fn is_met(words: &str, values: &str) -> bool {
        rule(words).is_met_by((values != "-").then(|| values.split(',')))
    }

    #[track_caller]
    fn check(words: &str, met: &[&str], unmet: &[&str]) {
        for values in met {
            assert!(is_met(words, values), "{words}: {values}");
        }
        for values in unmet {
            assert!(!is_met(words, values), "{words}: {values}");
        }
    }

    #[test]
    fn a_name_alone_wants_a_value() {
        check("groups", &["a", ",a", "0"], &["-", "", ","]);
        check("!groups", &["-", "", ","], &["a", ",a"]);
        let none = Some([].into_iter());
        assert!(!rule("groups").is_met_by(none.clone()) && rule("!groups").is_met_by(none));
    }

    #[test]
    fn one_of_the_values_is_enough_and_text_is_whole() {
        check(
            "groups admin staff",
            &["admin", "x,staff"],
            &["-", "", "Admin", "admins", "admin;x"],
        );
    }

    #[test]
    fn a_negated_name_wants_none_of_the_values() {
        check("!groups banned ~^x", &["-", "", "a,b"], &["banned", "a,banned", "xy"]);
    }

    #[test]
    fn a_negated_value_is_not_among_those_that_must_be_there() {
        check("groups !banned", &["a", "a,b"], &["-", "", "banned", "a,banned"]);
        check("groups staff !~^guest", &["staff", "staff,x"], &["-", "x", "staff,guest-1"]);
    }

    #[test]
    fn an_expression_stands_anywhere_unless_it_says_otherwise() {
        check(
            "mail ~@example\\.org$",
            &["a@example.org"],
            &["-", "a@example.org.evil", "a@EXAMPLE.org"],
        );
        check("mail ~*ORG", &["a@example.org", "Org"], &["a@example.com"]);
        check("mail ~^a.c$", &["abc"], &["abc\n", "xabc", "ab\nc", "a\nc"]);
    }

    #[test]
    fn numbers_are_compared_as_numbers() {
        check("loa >=2", &["2", "10", "2.0", "1,3"], &["-", "", "1", "1.9", "-3", "two"]);
        check("loa >2", &["2.5", "3"], &["2", "2.0"]);
        check("loa <=2", &["2", "-1", "0.5"], &["2.01", "10"]);
        check("loa <-1", &["-2"], &["-1", "0"]);
        check("loa !>=3", &["1", "2"], &["-", "3", "1,10"]);
        let odd =
            ["inf", "nan", "1e9", "+9", "9.", ".9", " 9", "9 ", "0x9", "9999999999999999", "٩"];
        check("loa >=1", &[], &odd);
    }

    #[test]
    fn an_equals_sign_makes_text_of_anything() {
        check("x =!a", &["!a"], &["a", "=!a"]);
        check("x =~a =>=2 ==", &["~a", ">=2", "="], &["a", "3"]);
        check("x !=a", &["b"], &["a", "-"]);
    }

    #[test]
    fn names_are_those_of_variables() {
        assert_eq!(rule("urn:oid:2.5.4.4 x").name().normal(), "urn_oid_2_5_4_4");
        assert_eq!(rule("!Mail").name().normal(), "mail");
    }

    #[test]
    fn what_means_nothing_is_no_rule() {
        let error = |name, values: &[&str]| AttributeRule::parse(name, values).unwrap_err();
        assert_eq!(error("", &[]), RuleError::Name);
        assert_eq!(error("!", &["a"]), RuleError::Name);
        assert_eq!(error("__", &[]), RuleError::Name);
        assert_eq!(error("!groups", &["a", "!b"]), RuleError::TwiceNegated);
        for value in ["", "!", "~", "~*", "=", "!="] {
            assert_eq!(error("groups", &["a", value]), RuleError::Empty, "{value}");
        }
        assert_eq!(error("loa", &[">=two"]), RuleError::Number("two".to_owned()));
        assert_eq!(error("loa", &["<"]), RuleError::Number(String::new()));
        for (value, why) in [
            ("~a(", "unclosed group".to_owned()),
            ("~*(?=a)", "look-around".to_owned()),
            ("~(\\w{300}){300}", "too large".to_owned()),
            (&format!("~{}", "a".repeat(1025)), "longer than 1024".to_owned()),
        ] {
            let said = error("x", &[value]).to_string();
            assert!(said.contains(&why) && !said.contains('\n'), "{said}");
        }
    }
}
