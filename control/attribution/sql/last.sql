-- All to the latest touch.
select conversion_id, position, amount, net_amount, case when position = touches then 1 else 0 end as weight
from path_touches
