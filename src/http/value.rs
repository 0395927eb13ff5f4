//! The values of fields, appended to the bytes of a head. A head is composed for each answer, so the common values are
//! written without `core::fmt`, which takes several times as many instructions.

use super::INFALLIBLE;
use std::borrow::Cow;
use std::fmt;
use std::io::Write;

/// What can be the value of a field.
pub trait Value {
    /// Appends the value to `out`. It must not hold control bytes.
    fn append_to(&self, out: &mut Vec<u8>);
}

impl<V: Value + ?Sized> Value for &V {
    #[inline(always)]
    fn append_to(&self, out: &mut Vec<u8>) {
        (**self).append_to(out);
    }
}

impl Value for str {
    #[inline(always)]
    fn append_to(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.as_bytes());
    }
}

impl Value for String {
    #[inline(always)]
    fn append_to(&self, out: &mut Vec<u8>) {
        self.as_str().append_to(out);
    }
}

impl Value for Cow<'_, str> {
    #[inline(always)]
    fn append_to(&self, out: &mut Vec<u8>) {
        self.as_ref().append_to(out);
    }
}

/// In decimal.
impl Value for u64 {
    fn append_to(&self, out: &mut Vec<u8>) {
        // As many digits as the largest number has.
        let mut digits = [b'0'; 20];
        let (mut rest, mut count) = (*self, 0);
        for digit in digits.iter_mut().rev() {
            *digit += (rest % 10) as u8;
            rest /= 10;
            count += 1;
            if rest == 0 {
                break;
            }
        }
        out.extend_from_slice(&digits[20 - count..]);
    }
}

/// For what is seldom sent.
impl Value for fmt::Arguments<'_> {
    fn append_to(&self, out: &mut Vec<u8>) {
        out.write_fmt(*self).expect(INFALLIBLE);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_written_as_display_writes_them() {
        let written = |value: &dyn Value| {
            let mut out = b"a".to_vec();
            value.append_to(&mut out);
            String::from_utf8(out).unwrap()
        };
        let powers = (0..20).map(|power| 10_u64.pow(power));
        for number in powers.flat_map(|power| [power - 1, power, power + 1]).chain([u64::MAX]) {
            assert_eq!(written(&number), format!("a{number}"));
        }
        for text in ["", "text/html; charset=utf-8"] {
            assert_eq!(written(&text), format!("a{text}"));
            assert_eq!(written(&text.to_owned()), format!("a{text}"));
            assert_eq!(written(&Cow::Borrowed(text)), format!("a{text}"));
            assert_eq!(written(&format_args!("{text}")), format!("a{text}"));
        }
    }
}
