"""An alarm pendant or hub: presses, falls, cancels, battery and mains. Native MQTT."""
