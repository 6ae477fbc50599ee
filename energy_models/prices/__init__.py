"""Events to joules, seconds and square millimetres: vocabulary, chips, bills, floors."""
