"""A UCR service to practise against: it speaks the Booking and Referral Standard, and has moods.

For trying a sender before a real service is asked to help, for the tests, and for the demo. It is
no part of the way of an alarm: nothing here is imported by the gateway's own roles, and it keeps
everything in memory. The facts it holds a sender to are those of NHS BaRS (FHIR R4 4.0.1), read in
the specification files and examples of NHSDigital/booking-and-referral-fhir-api.

    reading   -> headers, structure, elements    pure: a message -> what is wrong with it
    outcomes, answers                            pure: what is answered, as plain FHIR JSON
    moods, ledger                                pure: how the next message is answered; what came
    access                                       the token endpoint's checks
    handling                                     one message: gate, check, keep, answer
    faults, courier, app, page, receiver         the shell: HTTP in, answers out
"""
