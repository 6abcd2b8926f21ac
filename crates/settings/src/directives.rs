//! Tables of directives: one row gives a directive its name, its field and, where levels are merged, its
//! merge.

/// Makes the structure of the raw lines and its table.
///
/// A row is `KIND FIELD: TYPE = "directive" [ARITY], READ;`. The arity is one when it is left out, else
/// `[2]`, `[1..=4]` or `[1..]`. What `READ` gets and gives:
///
/// | kind | the directive | `READ` | the field |
/// |---|---|---|---|
/// | `once` | may stand once | a `&Line`, gives a `TYPE` | `Option<Given<TYPE>>` |
/// | `sets` | the same, and sets the target's field of this name | the same | the same |
/// | `each` | may stand many times | the same | `Vec<Given<TYPE>>` |
/// | `words` | the same, each argument is a value | a `&str`, gives a `TYPE` | the same |
///
/// `, or "other", SET` behind `READ` is a directive of another name for the same field, by a function from
/// the structure and the line. Fields in braces after the structure's name are no directives, and not
/// inherited. With `merged into TARGET` there are levels: what is silent here is taken from the level
/// above (`inherit`), and what was said goes into the target (`set`).
macro_rules! directives {
    (@field once $type:ty) => { Option<$crate::place::Given<$type>> };
    (@field sets $type:ty) => { Option<$crate::place::Given<$type>> };
    (@field each $type:ty) => { Vec<$crate::place::Given<$type>> };
    (@field words $type:ty) => { Vec<$crate::place::Given<$type>> };

    (@arity) => { $crate::directive::Arity::ONE };
    (@arity $min:literal ..= $max:literal) => { $crate::directive::Arity { min: $min, max: $max } };
    (@arity $min:literal ..) => { $crate::directive::Arity { min: $min, max: usize::MAX } };
    (@arity $number:literal) => { $crate::directive::Arity { min: $number, max: $number } };

    (@read once $slot:expr, $line:expr, $read:expr) => { $crate::directive::once($slot, $line, $read) };
    (@read sets $slot:expr, $line:expr, $read:expr) => { $crate::directive::once($slot, $line, $read) };
    (@read each $slot:expr, $line:expr, $read:expr) => { $crate::directive::each($slot, $line, $read) };
    (@read words $slot:expr, $line:expr, $read:expr) => { $crate::directive::each_word($slot, $line, $read) };

    (@set sets $slot:expr, $target:expr) => {
        if let Some(given) = &$slot {
            $target.clone_from(&given.value);
        }
    };
    (@set $kind:ident $slot:expr, $target:expr) => {};

    (@merge $raw:ident, $target:ty $(, of any $sessions:ident)?; $(
        $(#[$doc:meta])*
        $kind:ident $field:ident: $type:ty = $name:literal $([$($arity:tt)+])?, $read:expr
        $(, or $other:literal, $set:expr)?;
    )*) => {
        impl $raw {
            /// Takes what is unset from the level above.
            pub fn inherit(&mut self, above: &Self) {
                $($crate::directive::Slot::inherit(&mut self.$field, &above.$field);)*
            }

            /// What was said replaces what stands in `target`.
            pub(crate) fn set$(<$sessions>)?(&self, target: &mut $target) {
                $(directives!(@set $kind self.$field, target.$field);)*
            }
        }
    };

    (
        $(#[$meta:meta])*
        pub struct $raw:ident merged into $target:ty $(, of any $sessions:ident)? {
            $($own:tt)*
        }
        $($rows:tt)*
    ) => {
        directives! {
            $(#[$meta])*
            pub struct $raw { $($own)* }
            $($rows)*
        }
        directives!(@merge $raw, $target $(, of any $sessions)?; $($rows)*);
    };

    (
        $(#[$meta:meta])*
        pub struct $raw:ident {
            $($(#[$own_meta:meta])* pub $own:ident: $own_type:ty,)*
        }
        $(
            $(#[$doc:meta])*
            $kind:ident $field:ident: $type:ty = $name:literal $([$($arity:tt)+])?, $read:expr
            $(, or $other:literal, $set:expr)?;
        )*
    ) => {
        $(#[$meta])*
        #[derive(Clone, Default)]
        pub struct $raw {
            $($(#[$own_meta])* pub $own: $own_type,)*
            $(
                #[doc = concat!("`", $name, "`")]
                ///
                $(#[$doc])*
                pub $field: directives!(@field $kind $type),
            )*
        }

        impl $raw {
            /// One row each.
            pub const DIRECTIVES: &'static [$crate::directive::Directive<Self>] = &[$(
                $crate::directive::Directive {
                    name: $name,
                    arity: directives!(@arity $($($arity)+)?),
                    set: |raw, line| directives!(@read $kind &mut raw.$field, line, $read),
                },
                $($crate::directive::Directive {
                    name: $other,
                    arity: $crate::directive::Arity::ONE,
                    set: $set,
                },)?
            )*];

            /// Where the directive `name` stands, the first time.
            pub fn place_of(&self, name: &str) -> Option<&$crate::place::Place> {
                match name {
                    $($name => $crate::directive::Slot::place(&self.$field),)*
                    _ => None,
                }
            }
        }
    };
}

pub(crate) use directives;
