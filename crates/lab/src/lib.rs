//! A laboratory on one machine: meter, corporate firewall and internet as network namespaces, with the real programs that
//! stand between them on a customer’s site. It needs root and reaches nothing outside.
