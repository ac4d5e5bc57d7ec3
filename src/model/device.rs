//! Where a model runs: chosen by name at run time, never replaced by another when it is missing.

use std::fmt;
use std::str::FromStr;

use candle_core::Device;

/// A device by its name: `cpu`, `cuda`, `cuda:1`, `metal`, `metal:1`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DeviceChoice {
    /// The processor.
    #[default]
    Cpu,
    /// A CUDA device by its number.
    Cuda(usize),
    /// A Metal device by its number.
    Metal(usize),
}

/// Why a device cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DeviceError {
    /// No such name.
    #[error("{0:?} is no device: choose cpu, cuda, cuda:N, metal or metal:N")]
    Name(String),
    /// This build cannot drive it.
    #[error("this build does not drive {choice}: build with --features {feature}, or choose cpu")]
    NotBuilt {
        /// What was asked for.
        choice: DeviceChoice,
        /// The cargo feature.
        feature: &'static str,
    },
    /// The machine has no such device, or its driver refuses.
    #[error("{choice} cannot be used on this machine: choose another device, or cpu")]
    Missing {
        /// What was asked for.
        choice: DeviceChoice,
        /// What the driver said.
        #[source]
        source: candle_core::Error,
    },
}

impl fmt::Display for DeviceChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cpu => f.write_str("cpu"),
            Self::Cuda(n) => write!(f, "cuda:{n}"),
            Self::Metal(n) => write!(f, "metal:{n}"),
        }
    }
}

impl FromStr for DeviceChoice {
    type Err = DeviceError;

    fn from_str(name: &str) -> Result<Self, DeviceError> {
        let wrong = || DeviceError::Name(name.to_owned());
        let (kind, number) = match name.split_once(':') {
            Some((kind, number)) => (kind, number.parse().map_err(|_| wrong())?),
            None => (name, 0),
        };
        match kind {
            "cpu" if number == 0 => Ok(Self::Cpu),
            "cuda" => Ok(Self::Cuda(number)),
            "metal" => Ok(Self::Metal(number)),
            _ => Err(wrong()),
        }
    }
}

impl DeviceChoice {
    /// Opens the device.
    ///
    /// # Errors
    /// The build or the machine lacks it.
    pub fn open(self) -> Result<Device, DeviceError> {
        let missing = |source| DeviceError::Missing { choice: self, source };
        match self {
            Self::Cpu => Ok(Device::Cpu),
            Self::Cuda(n) if cfg!(feature = "cuda") => Device::new_cuda(n).map_err(missing),
            Self::Metal(n) if cfg!(feature = "metal") => Device::new_metal(n).map_err(missing),
            Self::Cuda(_) => Err(DeviceError::NotBuilt { choice: self, feature: "cuda" }),
            Self::Metal(_) => Err(DeviceError::NotBuilt { choice: self, feature: "metal" }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_and_written() {
        for name in ["cpu", "cuda:0", "cuda:3", "metal:1"] {
            assert_eq!(name.parse::<DeviceChoice>().unwrap().to_string(), name);
        }
        assert_eq!("cuda".parse::<DeviceChoice>().unwrap(), DeviceChoice::Cuda(0));
        for name in ["gpu", "cpu:1", "cuda:x", ""] {
            assert!(matches!(name.parse::<DeviceChoice>(), Err(DeviceError::Name(_))), "{name}");
        }
    }

    #[test]
    fn a_missing_device_is_an_error() {
        assert!(DeviceChoice::Cpu.open().is_ok());
        assert!(DeviceChoice::Cuda(99).open().is_err());
        assert!(DeviceChoice::Metal(99).open().is_err());
    }
}
