//! The weight (`q`) that a client gives to one of several choices (RFC 9110 §12.4.2).

/// The value of `q` among the `parameters` of a choice, in thousandths: 1000 if there is no `q`, 0 if it is malformed.
pub fn weight<'a>(mut parameters: impl Iterator<Item = &'a [u8]>) -> u16 {
    let value = parameters.find_map(|parameter| match parameter {
        [b'q' | b'Q', b'=', value @ ..] => Some(value),
        _ => None,
    });
    value.map_or(1000, |value| thousandths(value).unwrap_or(0))
}

/// A number from 0 to 1 with up to three decimals, in thousandths; `None` where it is malformed.
fn thousandths(value: &[u8]) -> Option<u16> {
    let (whole, decimals) = value.split_first()?;
    let decimals = match decimals {
        [] => decimals,
        [b'.', decimals @ ..] if decimals.len() <= 3 => decimals,
        _ => return None,
    };
    if !whole.is_ascii_digit() || !decimals.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let digit = |at: usize| decimals.get(at).map_or(0, |digit| u16::from(digit - b'0'));
    let weight = u16::from(whole - b'0') * 1000 + digit(0) * 100 + digit(1) * 10 + digit(2);
    (weight <= 1000).then_some(weight)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_are_thousandths() {
        let table = [
            ("", 1000),
            ("charset=utf-8", 1000),
            ("q=1", 1000),
            ("Q=0", 0),
            ("q=0.", 0),
            ("q=1.000", 1000),
            ("q=0.5", 500),
            ("q=0.05", 50),
            ("q=0.123", 123),
            ("charset=utf-8;q=0.7", 700),
            ("q=1.001", 0),
            ("q=2", 0),
            ("q=0.1234", 0),
            ("q=.5", 0),
            ("q=-1", 0),
            ("q=", 0),
            ("q=a", 0),
        ];
        for (parameters, expected) in table {
            assert_eq!(weight(parameters.as_bytes().split(|byte| *byte == b';')), expected, "{parameters}");
        }
    }
}
