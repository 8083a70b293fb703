-- answer_of_call
-- reads no table
select status, headers, body, fingerprint = decode($1, 'hex') as "isSame"
from shopboard.idempotency_keys where call = sha256(convert_to($2::text, 'UTF8')) and created_at > now() - interval '24 hours'
