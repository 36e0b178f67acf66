"""What each vendor may get: the agreement with it, by file and column, and the law that lets the file go.

The district, its vendors' papers and their dates are invented. A real district replaces each by its own paper, and
lists what stands in that paper: not what happens to be sent today. A column that goes out and is not listed stops its
set, so that whoever adds a column to a view reads the agreement first.
"""

import datetime as dt

from pipeline.catalogue.agreement import OWN_RECORDS, SCHOOL_OFFICIAL, Agreement

AGREEMENTS = (
    Agreement(
        "Riverbend-Clever data agreement 2026",
        SCHOOL_OFFICIAL,
        signed=dt.date(2026, 7, 1),
        columns={
            "schools.csv": """
                School_id School_name School_number State_id Low_grade High_grade Principal Principal_email
                School_address School_city School_state School_zip School_phone
            """,
            "students.csv": """
                School_id Student_id Student_number State_id Last_name Middle_name First_name Grade Gender
                Graduation_year DOB Race Hispanic_Latino Home_language Ell_status Frl_status IEP_status
                Student_street Student_city Student_state Student_zip Student_email Contact_relationship
                Contact_type Contact_name Contact_phone Contact_phone_type Contact_email Contact_sis_id
                Username Password Unweighted_gpa Weighted_gpa
            """,
            "teachers.csv": """
                School_id Teacher_id Teacher_number State_teacher_id Teacher_email First_name Middle_name Last_name
                Title Username Password
            """,
            "staff.csv": """
                School_id Staff_id Staff_email First_name Last_name Department Title Username Password Role
            """,
            "sections.csv": """
                School_id Section_id Teacher_id Teacher_2_id Teacher_3_id Teacher_4_id Teacher_5_id Teacher_6_id
                Teacher_7_id Teacher_8_id Teacher_9_id Teacher_10_id Name Section_number Grade Course_name
                Course_number Course_description Period Subject Term_name Term_start Term_end
            """,
            "enrollments.csv": "School_id Section_id Student_id",
        },
    ),
    Agreement(
        "Riverbend-SAVVAS data agreement 2025",
        SCHOOL_OFFICIAL,
        signed=dt.date(2025, 7, 14),
        columns={
            "CODE_DISTRICT.txt": """
                district_code district_name address_1 address_2 city state zip phone current_school_year
            """,
            "SCHOOL.txt": """
                school_code school_name district_code grade_start grade_end address_1 address_2 city state zip phone
            """,
            "STUDENT.txt": """
                student_code last_name first_name middle_name gender_code dob email student_number federated_id
            """,
            "STAFF.txt": """
                staff_code last_name first_name middle_name email title staff_number username password federated_id
            """,
            "PIF_SECTION.txt": """
                native_section_code school_code section_type section_type_description date_start date_end
                school_year course_number course_name section_name section_number
            """,
            "PIF_SECTION_STAFF.txt": """
                section_teacher_code staff_code native_section_code date_start date_end school_year
                teacher_of_record teaching_assignment
            """,
            "PIF_SECTION_STUDENT.txt": """
                section_student_code student_code native_section_code date_start date_end school_year
            """,
            "ENROLLMENT.txt": """
                native_enrollment_code student_code school_year school_code grade_code date_enrolled date_withdrawn
            """,
            "ASSIGNMENT.txt": """
                native_assignment_code staff_code school_year institution_code date_start date_end position_code
            """,
        },
    ),
    Agreement(
        "Riverbend-Ellevation data agreement 2025",
        SCHOOL_OFFICIAL,
        signed=dt.date(2025, 8, 4),
        columns={
            "Staff-Roster.csv": "StaffID FirstName LastName Email SchoolCode Role",
            "Student-Course-Schedules.csv": """
                StudentID SchoolCode CourseID CourseName SectionID Period Term TeacherStaffID
            """,
            "Student-Demographics.csv": """
                FirstName MiddleName LastName ActiveStatus SchoolCode SchoolName AlternateSchool ESLTeacher
                StudentID StudentStateID GradeLevel Gender BirthDate AddressLine1 AddressLine2 City State Zip
                HomePhone NativeLanguage Ethnicity CountryOfBirth USEntryDate
            """,
        },
    ),
    Agreement(
        "Riverbend-Otus data agreement 2026",
        SCHOOL_OFFICIAL,
        signed=dt.date(2026, 6, 15),
        columns={
            # Files of SAVVAS that go on as they came: the columns by the names of their contract.
            "savvas_assessment_scores.csv": """
                school class teacher program assessment submit_date student_name student_login student_id source_id
                raw_score max_score pct_score
            """,
            "savvas_standards_scores.csv": """
                school class teacher standard_code standard_description submit_date student_name student_id
                points_earned points_possible pct_score
            """,
            "OTUS_Attendance_Discipline.csv": """
                student_number state_id school_id grade_level as_of_date days_enrolled days_present days_absent
                excused unexcused tardies incidents iss_days oss_days
            """,
        },
    ),
    # What the district writes back into its own student information systems leaves nobody's hands.
    Agreement(
        "Riverbend's own records",
        OWN_RECORDS,
        signed=dt.date(2025, 7, 1),
        columns={
            **dict.fromkeys(
                ("GoogleForPSImport_RSD.txt", "GoogleForPSImport_BLF.txt"),
                "student_number import_email import_password",
            ),
            "IEP_Import_RSD.txt": "student_number sped_code disability iep_start iep_end",
            **dict.fromkeys(("RTI_RSD.txt", "RTI_BLF.txt"), "student_number rti_tier rti_subject start_date"),
            **dict.fromkeys(
                ("Homeless_Foster_RSD.txt", "Homeless_Foster_BLF.txt"),
                "student_number homeless_code foster_care unaccompanied",
            ),
        },
    ),
)
