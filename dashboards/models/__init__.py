"""The dashboards' own rows: sums that closes write, so that no page scans accounts."""

from dashboards.models.aggregates import AggregatePartial, DailyAggregate, FlowAggregate, FlowPartial

__all__ = ["AggregatePartial", "DailyAggregate", "FlowAggregate", "FlowPartial"]
