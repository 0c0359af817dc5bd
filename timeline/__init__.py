"""From evidence to the timeline: order, identity, milestones, durations, reports. pandas lives here."""
