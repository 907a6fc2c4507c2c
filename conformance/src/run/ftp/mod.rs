//! The acts of FTP: signing in, data connections, transfers.
//!
//! What every dialect has (crowds, barriers, expectations, the disk) is
//! beside this folder and knows nothing of it.

mod data;
mod ending;
mod folder;
mod lines;
mod session;
mod transfer;
mod whole;

pub(super) use data::Link;
pub(super) use folder::{make, remove};

use super::scene::Stop;
use super::script::{Clock, Script};
use crate::case::Step;

impl Script {
    /// The acts that FTP alone has.
    pub(super) fn ftp_act(
        &mut self,
        step: &Step,
        clock: &Clock,
    ) -> Result<(), Stop> {
        if let Some(data) = &step.data {
            self.prepare(step, data, clock)?;
        }
        if let Some(dial) = &step.dial {
            self.dial(step, dial, clock)?;
        }
        if let Some(transfer) = &step.retr {
            self.whole_retr(step, transfer, clock)?;
        }
        if let Some(transfer) = &step.stor {
            self.whole_upload(step, "STOR", transfer, clock)?;
        }
        if let Some(transfer) = &step.appe {
            self.whole_upload(step, "APPE", transfer, clock)?;
        }
        let listings =
            [("LIST", &step.list), ("NLST", &step.nlst), ("MLSD", &step.mlsd)];
        for (verb, listing) in listings {
            if let Some(listing) = listing {
                self.whole_listing(step, verb, listing, clock)?;
            }
        }
        if step.resync {
            self.resync(step, clock)?;
        }
        Ok(())
    }
}
