//! One sentence in both languages, so that neither can be forgotten.

/// The French or the English sentence, with the same arguments for both.
macro_rules! say {
    ($language:expr, $french:literal, $english:literal $(, $argument:expr)* $(,)?) => {
        match $language {
            $crate::Language::French => format!($french $(, $argument)*),
            $crate::Language::English => format!($english $(, $argument)*),
        }
    };
}

pub(crate) use say;
