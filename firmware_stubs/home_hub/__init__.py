"""A home-monitoring hub: vital signs, answers to questions, its own condition. Native MQTT."""
