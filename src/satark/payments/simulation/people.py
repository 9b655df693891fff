"""Names, UPI handles and payday groups of simulated people; no name belongs to a particular person."""

from __future__ import annotations

FIRST_NAMES: tuple[str, ...] = (
    "aarav", "aditi", "aditya", "aisha", "ajay", "akash", "amit", "amrita", "ananya", "anil", "anita",
    "anjali", "arjun", "arun", "asha", "ashok", "ayesha", "bharat", "bhavna", "chetan", "deepa", "deepak",
    "devika", "dinesh", "divya", "farhan", "fatima", "gaurav", "geeta", "gopal", "gurpreet", "harish",
    "harpreet", "imran", "indira", "ishaan", "jaya", "jyoti", "kabir", "kajal", "karan", "kavita", "kiran",
    "krishna", "kunal", "lakshmi", "lata", "mahesh", "manish", "manoj", "meena", "meera", "mohan", "mohit",
    "naveen", "neha", "nikhil", "nisha", "nitin", "pallavi", "pankaj", "pooja", "pradeep", "pramod",
    "prakash", "priya", "rahul", "raj", "rajesh", "rakesh", "ramesh", "rani", "ravi", "rekha", "ritu",
    "rohit", "sachin", "salman", "sandeep", "sanjay", "santosh", "sarita", "seema", "shalini", "sharmila",
    "shreya", "sneha", "sonia", "sunil", "sunita", "suresh", "swati", "tara", "tarun", "uma", "usha",
    "varun", "vijay", "vikram", "vinod", "vivek", "yash", "zoya",
)  # fmt: skip

LAST_NAMES: tuple[str, ...] = (
    "agarwal", "ahmed", "ansari", "bansal", "basu", "bhat", "bose", "chauhan", "chopra", "das", "desai",
    "deshmukh", "dubey", "dutta", "fernandes", "gandhi", "ghosh", "gill", "goel", "gowda", "gupta", "hegde",
    "iyer", "jadhav", "jain", "jha", "joshi", "kapoor", "kaur", "khan", "kulkarni", "kumar", "mathur",
    "mehta", "menon", "mishra", "mukherjee", "nair", "naidu", "pandey", "patel", "patil", "pillai",
    "prasad", "rana", "rao", "rathore", "reddy", "roy", "saxena", "sen", "shah", "sharma", "shetty",
    "shinde", "shukla", "siddiqui", "singh", "sinha", "soni", "srivastava", "thakur", "thomas", "tiwari",
    "tripathi", "varma", "verma", "yadav",
)  # fmt: skip

UPI_BANKS: tuple[tuple[str, float], ...] = (
    ("okhdfcbank", 0.11),
    ("okicici", 0.10),
    ("oksbi", 0.13),
    ("okaxis", 0.09),
    ("ybl", 0.22),
    ("ibl", 0.07),
    ("axl", 0.07),
    ("paytm", 0.07),
    ("ptsbi", 0.04),
    ("apl", 0.03),
    ("upi", 0.05),
    ("fbl", 0.02),
)
"""Handles behind the @ with their rough shares: Google Pay, PhonePe, Paytm, Amazon Pay, BHIM, others."""

SHOP_WORDS: tuple[str, ...] = (
    "shree", "jai", "om", "sai", "laxmi", "ganesh", "balaji", "krishna", "new", "royal", "city", "super",
    "star", "national", "bharat", "mahalaxmi", "annapurna", "gupta", "sharma", "patel", "khan", "modern",
    "raj", "classic",
)  # fmt: skip

EMPLOYERS: tuple[str, ...] = (
    "infotech", "textiles", "steel", "pharma", "logistics", "schools", "hospital", "builders", "exports",
    "foods", "retail", "motors", "finance", "consulting", "power", "municipal",
)  # fmt: skip
