-- The same to each.
select conversion_id, position, amount, net_amount, 1 as weight
from path_touches
