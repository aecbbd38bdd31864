WITH older AS (
  SELECT patient_id, full_name, REVERSE(ssn) AS reversed FROM patients WHERE birth_date < '1950-01-01'
)
SELECT full_name, CONCAT('x', SUBSTR(reversed, 1, 4)) AS hint FROM older
UNION ALL
SELECT full_name, department FROM patients JOIN visits USING (patient_id)
