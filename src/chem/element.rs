use chematic::core::Element as ToolkitElement;

/// A chemical element by atomic number; 0 is the wildcard `*`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Element(u8);

impl Element {
    /// The wildcard atom `*`, which stands for any element.
    pub const WILDCARD: Self = Self(0);
    /// Hydrogen.
    pub const H: Self = Self(1);
    /// Carbon.
    pub const C: Self = Self(6);
    /// Nitrogen.
    pub const N: Self = Self(7);
    /// Oxygen.
    pub const O: Self = Self(8);

    /// The element with this atomic number (1 to 118), or the wildcard for 0; `None` beyond.
    pub fn from_atomic_number(number: u8) -> Option<Self> {
        (number <= 118).then_some(Self(number))
    }

    /// The element with this symbol, upper and lower case as printed (“Cl”); `*` is the wildcard.
    pub fn from_symbol(symbol: &str) -> Option<Self> {
        if symbol == "*" {
            return Some(Self::WILDCARD);
        }
        ToolkitElement::from_symbol(symbol).map(|e| Self(e.atomic_number()))
    }

    /// Protons in the nucleus; 0 for the wildcard.
    pub fn atomic_number(self) -> u8 {
        self.0
    }

    /// The symbol (“Cl”), `*` for the wildcard.
    pub fn symbol(self) -> &'static str {
        ToolkitElement::from_atomic_number(self.0).map_or("*", ToolkitElement::symbol)
    }
}
