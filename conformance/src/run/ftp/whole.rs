//! Whole transfers that must succeed: a data connection, the command, its
//! 1yz, the bytes, the final reply.

use crate::case::{CloseData, Data, Listing, Step, Transfer, VIA_DEFAULT};
use crate::run::client::Pace;
use crate::run::scene::Stop;
use crate::run::script::{Clock, Script};

impl Script {
    /// RETR of exactly these bytes; after REST, of those from there on.
    pub(super) fn whole_retr(
        &mut self,
        step: &Step,
        transfer: &Transfer,
        clock: &Clock,
    ) -> Result<(), Stop> {
        let mut source = self.wire_bytes(step, &transfer.bytes)?;
        if let Some(offset) = &transfer.rest {
            let (offset, size) = (self.number(offset)?, source.len());
            source = source
                .slice(offset, size)
                .map_err(|error| self.trouble(&error))?;
        }
        self.begin(step, "RETR", transfer, clock)?;
        self.data_receive(step, &source, clock)?;
        self.forget_link(step)?;
        self.finish(step, clock)
    }

    /// STOR or APPE of these bytes; after REST, of those from there on.
    pub(super) fn whole_upload(
        &mut self,
        step: &Step,
        verb: &str,
        transfer: &Transfer,
        clock: &Clock,
    ) -> Result<(), Stop> {
        let mut source = self.wire_bytes(step, &transfer.bytes)?;
        if let Some(offset) = &transfer.rest {
            let (offset, size) = (self.number(offset)?, source.len());
            source = source
                .slice(offset, size)
                .map_err(|error| self.trouble(&error))?;
        }
        self.begin(step, verb, transfer, clock)?;
        self.data_upload(step, &source, clock)?;
        self.close_link(step, CloseData::Fin, clock)?;
        self.finish(step, clock)
    }

    /// LIST, NLST or MLSD, and what must be in it.
    pub(super) fn whole_listing(
        &mut self,
        step: &Step,
        verb: &str,
        listing: &Listing,
        clock: &Clock,
    ) -> Result<(), Stop> {
        let via = listing.via.clone();
        self.open(step, &via.unwrap_or_else(|| VIA_DEFAULT.into()), clock)?;
        let line = match &listing.path {
            Some(path) => format!("{verb} {}", self.fill(path)?),
            None => verb.to_owned(),
        };
        self.ask_ftp(step, &line, &["150", "125"], clock)?;
        let whole = self.data_all(step, clock)?;
        self.forget_link(step)?;
        self.finish(step, clock)?;
        self.data_entries(step, &verb.to_lowercase(), listing, &whole)
    }

    fn begin(
        &mut self,
        step: &Step,
        verb: &str,
        transfer: &Transfer,
        clock: &Clock,
    ) -> Result<(), Stop> {
        self.open(step, &transfer.via, clock)?;
        if let Some(offset) = &transfer.rest {
            let line = format!("REST {}", self.number(offset)?);
            self.ask_ftp(step, &line, &["350"], clock)?;
        }
        let line = format!("{verb} {}\r\n", self.fill(&transfer.name)?);
        let client = self.client(step)?;
        client.send(line.as_bytes(), Pace::default(), clock.deadline)?;
        self.one_of(step, &["150", "125"], clock).map(drop)
    }

    fn open(
        &mut self,
        step: &Step,
        via: &str,
        clock: &Clock,
    ) -> Result<(), Stop> {
        let data = Data::plain(via, &self.link_name(step));
        self.prepare(step, &data, clock)
    }

    fn finish(&mut self, step: &Step, clock: &Clock) -> Result<(), Stop> {
        let clock = self.renewed(clock);
        self.one_of(step, &["226", "250"], &clock).map(drop)
    }

    fn forget_link(&mut self, step: &Step) -> Result<(), Stop> {
        let name = self.link_name(step);
        self.client(step)?.links.remove(&name);
        Ok(())
    }
}
