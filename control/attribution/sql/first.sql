-- All to the earliest touch.
select conversion_id, position, amount, net_amount, case when position = 1 then 1 else 0 end as weight
from path_touches
