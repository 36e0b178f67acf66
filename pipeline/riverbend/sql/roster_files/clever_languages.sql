-- Clever's words for the languages of the SIS.
-- grain: one row per text that a student of the SIS has as home language, as it stands there; '' has no row.
-- owner: district data team
-- reader: Clever_students; the check of `students.csv` has the same list
-- layout: known: Clever's list, in its spelling, and Other for what is not in it. A district whose own page of the
--         specification spells one otherwise corrects it here. Modelled: which texts mean the same; case does not matter.
SELECT
  spoken.home_language,
  COALESCE(listed, 'Other') AS language
FROM (
  SELECT DISTINCT students.home_language
  FROM `powerschool_combined.students` AS students
  WHERE COALESCE(students.home_language, '') != ''
) AS spoken
LEFT JOIN
  UNNEST([
      'Afrikaans', 'Albanian', 'Amharic', 'Arabic', 'Armenian', 'Azerbaijani', 'Basque', 'Belarusian', 'Bengali',
      'Bosnian', 'Bulgarian', 'Burmese', 'Cabo Verdean', 'Catalan', 'Cebuano', 'Chichewa', 'Chinese',
      'Chinese (Mandarin)', 'Corsican', 'Croatian', 'Czech', 'Danish', 'Dari', 'Dutch', 'English', 'Estonian',
      'Farsi', 'Filipino', 'Finnish', 'French', 'Frisian', 'Galician', 'Georgian', 'German', 'Greek', 'Gujarati',
      'Haitian Creole', 'Hausa', 'Hawaiian', 'Hebrew', 'Hindi', 'Hmong', 'Hungarian', 'Icelandic', 'Igbo', 'Iloko',
      'Indonesian', 'Irish', 'Italian', 'Japanese', 'Javanese', 'Kannada', 'Karen', 'Kazakh', 'Khmer', 'Kinyarwanda',
      'Korean', 'Kurdish (Kurmanji)', 'Kyrgyz', 'Lao', 'Latvian', 'Lithuanian', 'Luxembourgish', 'Macedonian',
      'Malagasy', 'Malay', 'Malayalam', 'Maltese', 'Maori', 'Marathi', 'Marshallese', 'Mongolian', 'Nepali',
      'Norwegian', 'Odia', 'Oromo', 'Pashto', 'Polish', 'Portuguese', 'Punjabi', 'Romanian', 'Russian', 'Samoan',
      'Scots Gaelic', 'Serbian', 'Sesotho', 'Shona', 'Sindhi', 'Sinhala', 'Slovak', 'Slovenian', 'Somali', 'Spanish',
      'Sundanese', 'Swahili', 'Swedish', 'Tagalog', 'Tajik', 'Tamil', 'Tatar', 'Telugu', 'Thai', 'Tigrinya',
      'Turkish', 'Turkmen', 'Ukrainian', 'Urdu', 'Uyghur', 'Uzbek', 'Vietnamese', 'Welsh', 'Xhosa', 'Yiddish',
      'Yoruba', 'Zulu'
  ]) AS listed
  ON LOWER(listed) = CASE LOWER(TRIM(spoken.home_language))
    WHEN 'cape verdean' THEN 'cabo verdean'
    WHEN 'haitian' THEN 'haitian creole'
    WHEN 'kurmanji' THEN 'kurdish (kurmanji)'
    WHEN 'mandarin' THEN 'chinese (mandarin)'
    WHEN 'persian' THEN 'farsi'
    WHEN 'swahili, congo' THEN 'swahili'
    ELSE LOWER(TRIM(spoken.home_language))
  END
