SELECT p.full_name, CONCAT('xx', SUBSTR(p.ssn, -4)) AS ssn_end, COUNT(*) AS visits
FROM ehr.patients AS p
JOIN ehr.visits AS v USING (patient_id)
WHERE v.department = 'oncology'
GROUP BY 1, 2
