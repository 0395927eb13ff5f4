//! Numbers in decimal. Every line has several, so three digits are written at a time.

/// All numbers of three digits, one behind the other.
const THREES: [u8; 3000] = {
    let mut threes = [b'0'; 3000];
    let mut number = 0;
    while number < 1000 {
        threes[3 * number] += (number / 100) as u8;
        threes[3 * number + 1] += (number / 10 % 10) as u8;
        threes[3 * number + 2] += (number % 10) as u8;
        number += 1;
    }
    threes
};

const TEXT: &str = match str::from_utf8(&THREES) {
    Ok(text) => text,
    Err(_) => panic!("digits are ASCII"),
};

/// The last three digits of a number.
pub fn three_digits(number: u64) -> &'static str {
    let at = 3 * (number % 1000) as usize;
    &TEXT[at..at + 3]
}

/// Appends a number.
pub fn write_number(number: u64, line: &mut String) {
    if number >= 1000 {
        write_number(number / 1000, line);
        line.push_str(three_digits(number));
    } else {
        let zeros = usize::from(number < 100) + usize::from(number < 10);
        line.push_str(&three_digits(number)[zeros..]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_decimal() {
        for number in (0..1100).chain([9_999, 10_000, 1_000_000, u64::MAX - 1, u64::MAX]) {
            let mut line = String::new();
            write_number(number, &mut line);
            assert_eq!(line, number.to_string());
            assert_eq!(three_digits(number), format!("{:03}", number % 1000));
        }
    }
}
