-- How many days a weekday is open.
SELECT calendar.weekday, COUNT(*) AS days, MIN(hours.visitors) AS visitors
FROM `{{ target.project }}.ops.calendar` AS calendar
JOIN {{ ref('hours') }} AS hours ON hours.weekday = calendar.weekday
WHERE calendar.opens IS NOT NULL
GROUP BY calendar.weekday
