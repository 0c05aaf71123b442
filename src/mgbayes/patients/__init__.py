"""Individual patient data: a clinic's spreadsheet, read as the ``[patients]`` table of the study file says.

``read_patients(path, study)`` gives an ``xarray.Dataset``:

================================  ================  =====================================================
name                              dimensions        values
================================  ================  =====================================================
``patient``                       patient           the patient's (first) row in the spreadsheet, as shown
                                                    there: the heading is usually row 1
``visit``                         visit             ids of the mapped visits, in the study's order; may be
                                                    empty
``arm``                           patient           the id of the patient's arm
``E``, yes/no                     patient [, visit] 1.0 yes, 0.0 no, nan missing
``E``, number                     patient [, visit] the number, nan missing
``E``, ordinal                    patient [, visit] place in ``attrs["levels"]``, from 0; nan missing
``E``, count                      patient [, visit] events, nan missing
``E.exposure``                    patient           days over which the events were counted
``E.event``                       patient           1.0 the event happened, 0.0 it did not, nan missing
``E.time``                        patient           days from the start to the event, or, where there was
                                                    none, to the end of follow-up
``E.lower``, ``E.upper``          patient           bounds of the event's time in days, see below
``covariate.NAME``                patient           a number; 1.0 or 0.0; or the place in
                                                    ``attrs["levels"]``
================================  ================  =====================================================

``E`` is the endpoint's id in the study file. Bounds are those of interval-censored data (as in R's ``Surv``
with ``type = "interval2"``, except that its missing upper bound is inf here):

- seen exactly: lower = upper = time;
- seen at a visit: the event lies in (lower, upper]; ``time`` is the time that the file gives, or else the
  visit at which it was seen (the upper bound);
- not seen by the end of follow-up: lower = time, upper = inf;
- missing: nan, all of them.

``attrs``: ``study``, ``synthetic`` (true where the map or the file says so), ``file_sha256``.

**What identifies a patient is not kept.** The column that tells patients apart is used to find double patients
and to join the rows of a patient, and then dropped; messages name rows. Names of files and of sheets, and
columns that are not mapped, are not kept either. Dates become days.

Raises ``InputError`` with all problems of a file in one pass.
"""

from mgbayes.patients.read import read_patients

__all__ = ["read_patients"]
