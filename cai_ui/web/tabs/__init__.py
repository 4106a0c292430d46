"""One module per tab, in the order of the flow: tour, principles, revise, curate, train, compare."""
