"""A clinic with one prefix for all tables, CamelCase, texts as keys, and tables that extend another."""

from __future__ import annotations

import numpy as np
import pandas as pd

from benchmarks.join_schemas.schema import Draw, Schema, counted


def clinic(seed: int = 4) -> Schema:
    """One prefix for all tables, CamelCase, texts as keys, tables that extend another one row to one."""
    d = Draw(seed)
    s = Schema(
        "clinic", "`hms_` before every table, CamelCase columns, text keys, one-to-one extensions, roles of one table"
    )
    t = s.tables
    n = 2500
    t["hms_patients"] = pd.DataFrame(
        {
            "PatientId": [f"PT{x:06d}" for x in d.random.permutation(n)],
            "BirthYear": d.number(n, 1930, 2020),
            "Gender": d.word(n, 2, "g"),
        }
    )
    t["hms_patient_consents"] = pd.DataFrame(
        {
            "PatientId": t["hms_patients"]["PatientId"].sample(2000, random_state=seed).to_numpy(),
            "Version": d.number(2000, 1, 5),
            "SignedOn": d.day(2000),
        }
    )
    t["hms_doctors"] = pd.DataFrame(
        {"DoctorId": counted(150), "FullName": d.word(150, 149, "Dr"), "WardCode": d.word(150, 12, "W")}
    )
    t["hms_wards"] = pd.DataFrame({"WardCode": [f"W {x}" for x in range(12)], "Beds": d.number(12, 4, 40)})
    t["hms_visits"] = pd.DataFrame(
        {
            "VisitNo": counted(9000, 50001),
            "PatientId": d.of(t["hms_patients"]["PatientId"], 9000, 0, 0.01),
            "AttendingDoctorId": d.of(counted(150), 9000),
            "ReferringDoctorId": d.of(counted(150), 9000, 0.5),
            "Minutes": d.number(9000, 5, 150),
        }
    )
    t["hms_drugs"] = pd.DataFrame(
        {"Id": counted(600), "Name": [f"Drug {x}" for x in range(600)], "PackSize": d.number(600, 1, 100)}
    )
    t["hms_prescriptions"] = pd.DataFrame(
        {
            "Id": counted(14000),
            "VisitNr": d.of(t["hms_visits"]["VisitNo"], 14000, 0, 0.03),
            "DrugFk": d.of(counted(600), 14000),
            "Days": d.number(14000, 1, 60),
        }
    )
    t["hms_rooms"] = (
        pd.DataFrame(
            {
                "Ward": np.repeat([f"W {x}" for x in range(12)], 15),
                "RoomNo": np.tile(np.arange(1, 16), 12),
                "Area": d.number(180, 9, 40),
            }
        )
        .sample(120, random_state=seed)
        .reset_index(drop=True)
    )
    rooms = t["hms_rooms"].iloc[d.random.integers(0, 120, 4000)]
    t["hms_stays"] = pd.DataFrame(
        {
            "StayRef": [f"{x:010x}" for x in d.random.permutation(4000)],
            "Ward": rooms["Ward"].to_numpy(),
            "RoomNo": rooms["RoomNo"].to_numpy(),
            "Nights": d.number(4000, 1, 30),
        }
    )
    t["hms_lab_results"] = pd.DataFrame(
        {
            "ResultId": counted(8000),
            "Subject": d.of(t["hms_patients"]["PatientId"], 8000, 0.01, 0.02),
            "Analyte": d.word(8000, 40, "A"),
            "Value": d.money(8000),
        }
    )
    t["hms_parking"] = pd.DataFrame({"SpotNumber": counted(150), "Level": d.number(150, 1, 5)})
    t["hms_canteen_sales"] = pd.DataFrame(
        {"TicketId": counted(14000), "Dish": d.word(14000, 30, "dish"), "Guests": d.number(14000, 1, 6)}
    )
    t["hms_icd_codes"] = pd.DataFrame(
        {
            "Code": [f"{chr(65 + x // 100)}{x % 100:02d}" for x in range(1500)],
            "Title": [f"Illness {x}" for x in range(1500)],
        }
    )
    t["hms_diagnoses"] = pd.DataFrame(
        {
            "DiagnosisId": counted(11000),
            "VisitNo": d.of(t["hms_visits"]["VisitNo"], 11000),
            "IcdCode": d.of(t["hms_icd_codes"]["Code"], 11000, 0, 0.05),
            "Rank": d.number(11000, 1, 5),
        }
    )
    s.keys("""
        hms_patient_consents.PatientId → hms_patients.PatientId
        hms_doctors.WardCode → hms_wards.WardCode
        hms_visits.PatientId → hms_patients.PatientId
        hms_visits.AttendingDoctorId → hms_doctors.DoctorId
        hms_visits.ReferringDoctorId → hms_doctors.DoctorId
        hms_prescriptions.VisitNr → hms_visits.VisitNo
        hms_prescriptions.DrugFk → hms_drugs.Id
        hms_rooms.Ward → hms_wards.WardCode
        hms_stays.Ward → hms_wards.WardCode
        hms_stays.Ward+RoomNo → hms_rooms.Ward+RoomNo
        hms_lab_results.Subject → hms_patients.PatientId
        hms_diagnoses.VisitNo → hms_visits.VisitNo
        hms_diagnoses.IcdCode → hms_icd_codes.Code
    """)
    return s
