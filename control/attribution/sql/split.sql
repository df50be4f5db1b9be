-- Credits and values of all models at once, by the rules of split.py. Largest remainders win what rounding down leaves;
-- the later touch first on a tie. Casts keep sums in 64 bits where an engine would widen them.
weight_totals as (
    select
        model,
        conversion_id,
        position,
        amount,
        net_amount,
        weight,
        cast(sum(weight) over (partition by model, conversion_id) as bigint) as total
    from weights
),
credit_floors as (
    select
        model,
        conversion_id,
        position,
        amount,
        net_amount,
        weight,
        weight * 1000000 / total as share,
        weight * 1000000 % total as remainder
    from weight_totals
),
credits as (
    select
        model,
        conversion_id,
        position,
        amount,
        net_amount,
        weight,
        share + case
            when row_number() over (partition by model, conversion_id order by remainder desc, position desc)
                <= 1000000 - cast(sum(share) over (partition by model, conversion_id) as bigint) then 1
            else 0
        end as credit
    from credit_floors
),
amount_parts as (
    select
        model,
        conversion_id,
        position,
        weight,
        credit,
        amount,
        net_amount,
        abs(amount) / 1000000 as millions,
        abs(amount) % 1000000 as rest,
        abs(net_amount) / 1000000 as net_millions,
        abs(net_amount) % 1000000 as net_rest
    from credits
),
value_floors as (
    select
        model,
        conversion_id,
        position,
        weight,
        credit,
        amount,
        net_amount,
        credit * millions + credit * rest / 1000000 as gross_share,
        credit * rest % 1000000 as gross_remainder,
        credit * net_millions + credit * net_rest / 1000000 as net_share,
        credit * net_rest % 1000000 as net_remainder
    from amount_parts
),
value_ranks as (
    select
        model,
        conversion_id,
        position,
        weight,
        credit,
        amount,
        net_amount,
        gross_share,
        net_share,
        row_number() over (partition by model, conversion_id order by gross_remainder desc, position desc)
            <= abs(amount) - cast(sum(gross_share) over (partition by model, conversion_id) as bigint) as gross_extra,
        row_number() over (partition by model, conversion_id order by net_remainder desc, position desc)
            <= abs(net_amount) - cast(sum(net_share) over (partition by model, conversion_id) as bigint) as net_extra
    from value_floors
),
credited as (
    select
        model,
        conversion_id,
        position,
        weight,
        credit,
        (gross_share + case when gross_extra then 1 else 0 end) * case when amount < 0 then -1 else 1 end as value,
        (net_share + case when net_extra then 1 else 0 end) * case when net_amount < 0 then -1 else 1 end as net_value
    from value_ranks
)
